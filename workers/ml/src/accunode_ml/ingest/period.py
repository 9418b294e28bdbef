"""Fiscal years and quarters as people write them."""

import re
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from accunode_common.tabular import Cell

FIRST_YEAR = 1900
LAST_YEAR = 2100
_REMEMBERED = 10_000

_YEAR = r"(?P<year>\d{4})"
_PREFIX = r"(?:(?:fy|cy|gj|fiscal year|financial year|year|geschäftsjahr|jahr)[\s.:'-]*)?"
_WORD = r"(?:q|qtr|quarter|quartal|t|trimestre)"
_QUARTER = rf"(?:{_WORD}[\s.:-]*(?P<quarter>[1-4])|(?P<ordinal>[1-4])[\s.-]*{_WORD})"
_GAP = r"[\s,/_.:-]*"
_YEAR_ONLY = re.compile(rf"{_PREFIX}{_YEAR}(?:\.0+)?(?:\s*(?:fy|cy))?", re.IGNORECASE | re.ASCII)
_QUARTER_ONLY = re.compile(rf"(?:{_QUARTER}|(?P<plain>[1-4])(?:\.0+)?)", re.IGNORECASE | re.ASCII)
_TOGETHER = (
    re.compile(rf"{_PREFIX}{_YEAR}{_GAP}{_QUARTER}", re.IGNORECASE | re.ASCII),
    re.compile(rf"{_QUARTER}{_GAP}{_PREFIX}{_YEAR}", re.IGNORECASE | re.ASCII),
)


class Period(NamedTuple):
    """A fiscal year, 1900 to 2100, and for quarterly accounts a quarter, 1 to 4."""

    year: int
    quarter: int | None


def parse_period(year: Cell, quarter: Cell, *, quarterly: bool) -> Period | None:
    """The period of a row, or None when it cannot be read for certain.

    For quarterly accounts either cell may hold both parts (`2014Q4`, `Q4 2014`); if both do, they must agree. A date is
    not a fiscal year, nor are two digits: both leave open which year is meant.
    """
    if not quarterly:
        found = _year(year)
        return None if found is None else Period(found, None)
    parts = [_together(year) or (_year(year), None), _together(quarter) or (None, _quarter(quarter))]
    for cell, part in zip((year, quarter), parts, strict=True):
        if part == (None, None) and not _blank(cell):
            return None
    years = {part[0] for part in parts} - {None}
    quarters = {part[1] for part in parts} - {None}
    if len(years) != 1 or len(quarters) != 1:
        return None
    return Period(years.pop() or 0, quarters.pop())


class Periods:
    """Reads the periods of rows, each spelling once."""

    def __init__(self, *, quarterly: bool) -> None:
        self._quarterly = quarterly
        self._known: dict[tuple[Cell, Cell], tuple[int, int]] = {}

    def read(self, years: Sequence[Cell], quarters: Sequence[Cell]) -> tuple[NDArray[np.int16], NDArray[np.int8]]:
        """The year and the quarter of each row, 0 where there is none; and 0 both where they cannot be read."""
        known = self._known
        found: list[tuple[int, int]] = []
        for pair in zip(years, quarters, strict=True):
            if pair not in known:
                if len(known) > _REMEMBERED:
                    known.clear()
                period = parse_period(*pair, quarterly=self._quarterly)
                known[pair] = (period.year, period.quarter or 0) if period else (0, 0)
            found.append(known[pair])
        pairs = np.array(found, dtype=np.int16).reshape(-1, 2)
        return pairs[:, 0].copy(), pairs[:, 1].astype(np.int8)


def _blank(cell: Cell) -> bool:
    return cell is None or (isinstance(cell, str) and not cell.strip())


def _year(cell: Cell) -> int | None:
    if isinstance(cell, str):
        match = _YEAR_ONLY.fullmatch(cell.strip())
        number = int(match["year"]) if match else None
    else:
        number = _whole(cell)
    return number if number is not None and FIRST_YEAR <= number <= LAST_YEAR else None


def _quarter(cell: Cell) -> int | None:
    if isinstance(cell, str):
        match = _QUARTER_ONLY.fullmatch(cell.strip())
        return int(match["quarter"] or match["ordinal"] or match["plain"]) if match else None
    number = _whole(cell)
    return number if number is not None and 1 <= number <= 4 else None


def _together(cell: Cell) -> Period | None:
    if not isinstance(cell, str):
        return None
    text = cell.strip()
    match = next(filter(None, (pattern.fullmatch(text) for pattern in _TOGETHER)), None)
    if match is None:
        return None
    year = int(match["year"])
    return Period(year, int(match["quarter"] or match["ordinal"])) if FIRST_YEAR <= year <= LAST_YEAR else None


def _whole(cell: Cell) -> int | None:
    if isinstance(cell, bool) or not isinstance(cell, int | float):
        return None
    return int(cell) if cell == cell and abs(cell) < 10_000 and cell == int(cell) else None
