"""The optional columns that say who a company is. What cannot be used there is left out, counted and reported."""

import re
from collections.abc import Sequence
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from accunode_common.names import clean_name, clean_symbol
from accunode_common.tabular import MISSING_TOKENS, POINT, Cell, parse_column
from accunode_ml.ingest.cells import column_texts
from accunode_ml.ingest.columns import ColumnMap
from accunode_ml.ingest.numeric import FileNumbers

MARKET_CAP = "market_cap"
_MARKET_CAP_LIMIT = 1e17
_LONGEST_CLEANED = 1_000
_CURRENCY = re.compile(r"[A-Z]{3}")


class Identities:
    """Reads symbol, sector, external id, currency and market capitalisation of accepted rows."""

    TEXT_COLUMNS: ClassVar[dict[str, int]] = {"symbol": 32, "sector": 200, "external_id": 100, "currency": 3}
    """Columns and the most characters that are kept; longer texts are left out, not cut."""

    def __init__(self, columns: ColumnMap, numbers: FileNumbers) -> None:
        self._positions = columns.positions
        self._numbers = numbers
        self._left_out: dict[str, tuple[int, int]] = {}

    def texts(self, column: str, rows: Sequence[Sequence[Cell]], lines: Sequence[int]) -> list[str | None]:
        """A text column's values, None where blank, missing or unusable."""
        position = self._positions.get(column)
        if position is None:
            return [None] * len(rows)
        limit = self.TEXT_COLUMNS[column]
        values: list[str | None] = []
        for line, text in zip(lines, column_texts([row[position] for row in rows]), strict=True):
            if not text or text.casefold() in MISSING_TOKENS:
                values.append(None)
                continue
            value = text
            if len(text) <= _LONGEST_CLEANED:
                value = clean_symbol(text) if column in {"symbol", "currency"} else clean_name(text)
            if len(value) > limit or "\ufffd" in value or (column == "currency" and not _CURRENCY.fullmatch(value)):
                self._leave_out(column, line)
                values.append(None)
            else:
                values.append(value)
        return values

    def market_caps(self, rows: Sequence[Sequence[Cell]], lines: Sequence[int]) -> NDArray[np.float64]:
        """Market capitalisations, shape (n,), NaN where missing or unusable."""
        position = self._positions.get(MARKET_CAP)
        if position is None:
            return np.full(len(rows), np.nan)
        column = parse_column([row[position] for row in rows], self._numbers.formats.get(MARKET_CAP, POINT))
        values = column.values
        with np.errstate(invalid="ignore"):
            unusable = set(np.flatnonzero((values < 0) | (values >= _MARKET_CAP_LIMIT)).tolist())
        for row in sorted(unusable | set(column.problems) | set(column.suffixes)):
            values[row] = np.nan
            self._leave_out(MARKET_CAP, lines[row])
        return values

    def warnings(self) -> list[str]:
        """What was left out so far, a sentence for each column."""
        return [
            f"{count:,} value{'s' if count > 1 else ''} of {column} could not be used and were left blank, "
            f"the first on line {line}."
            for column, (count, line) in self._left_out.items()
        ]

    def _leave_out(self, column: str, line: int) -> None:
        count, first = self._left_out.get(column, (0, line))
        self._left_out[column] = (count + 1, first)
