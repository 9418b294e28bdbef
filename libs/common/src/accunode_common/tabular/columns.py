"""Whole columns of numbers at once."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, time, timedelta
from decimal import Decimal
from math import nan
from typing import Any

import numpy as np
from numpy.typing import NDArray

from accunode_common.tabular.model import Cell, Percent
from accunode_common.tabular.numbers import (
    MISSING_TOKENS,
    POINT,
    NumberFormat,
    NumberKind,
    ParsedNumber,
    Suffix,
    parse_number,
)

_REMEMBERED_TEXTS = 4096
_SIGNS = frozenset("+- ")


@dataclass(frozen=True, slots=True)
class NumberColumn:
    """A column read as numbers.

    Attributes:
        values: Shape (n,), NaN where missing or in `problems`.
        problems: What cells that are neither numbers nor missing are, by position.
        suffixes: Unit signs written in cells, by position, where there is one.
    """

    values: NDArray[np.float64]
    problems: dict[int, NumberKind]
    suffixes: dict[int, Suffix]


def parse_column(
    cells: Sequence[Cell],
    number_format: NumberFormat = POINT,
    *,
    suffix: Suffix = "",
    missing: frozenset[str] = MISSING_TOKENS,
) -> NumberColumn:
    """Read a column of text or typed cells; `suffix` is the expected unit sign, which is not listed in `suffixes`."""
    number = _fast_number(cells, number_format)
    reader = _ColumnReader(number, number_format, suffix, missing)
    blank = reader.blank
    values: list[float] = []
    append = values.append
    for position, cell in enumerate(cells):
        try:
            if cell in blank:
                append(nan)
                continue
            value = number(cell)
        except (ValueError, TypeError, OverflowError):
            append(reader.read(position, cell))
            continue
        append(value if value - value == 0.0 else reader.read(position, cell))
    return NumberColumn(np.array(values, dtype=np.float64), reader.problems, reader.suffixes)


class _ColumnReader:
    """The cells that `float` alone cannot read."""

    def __init__(
        self,
        number: Callable[[Any], float],
        number_format: NumberFormat,
        suffix: Suffix,
        missing: frozenset[str],
    ) -> None:
        self.problems: dict[int, NumberKind] = {}
        self.suffixes: dict[int, Suffix] = {}
        self.blank: set[Cell] = {"", None}
        self._number = number
        self._format = number_format
        self._suffix = suffix
        self._missing = missing

    def read(self, position: int, cell: Cell) -> float:
        if not isinstance(cell, str):
            parsed = _parse_typed(cell)
        else:
            value = self._decorated(cell)
            if value is not None:
                return value
            parsed = parse_number(cell, self._format, missing=self._missing)
        if parsed.kind is NumberKind.NUMBER:
            if parsed.suffix and parsed.suffix != self._suffix:
                self.suffixes[position] = parsed.suffix
        elif parsed.kind is not NumberKind.MISSING:
            self.problems[position] = parsed.kind
        elif isinstance(cell, str) and len(self.blank) < _REMEMBERED_TEXTS:
            self.blank.add(cell)
        return parsed.value

    def _decorated(self, text: str) -> float | None:
        """The value of the everyday forms `12.5%`, `3.2x` and `(5.84)` with the expected suffix, else None."""
        negative = text[:1] == "(" and text[-1:] == ")"
        body = text[1:-1] if negative else text
        if self._suffix and body[-1:] == self._suffix:
            body = body[:-1]
        if negative and body[:1] in _SIGNS:
            return None
        try:
            value = self._number(body)
        except ValueError:
            return None
        if value - value != 0.0:
            return None
        return -value if negative else value


def _parse_typed(cell: Cell) -> ParsedNumber:
    if isinstance(cell, bool | date | time | timedelta) or not isinstance(cell, float | int | Decimal):
        return ParsedNumber(NumberKind.NOT_A_NUMBER)
    try:
        value = float(cell)
    except OverflowError:
        return ParsedNumber(NumberKind.NOT_FINITE)
    if value != value:
        return ParsedNumber(NumberKind.MISSING)
    if value - value != 0.0:
        return ParsedNumber(NumberKind.NOT_FINITE)
    return ParsedNumber(NumberKind.NUMBER, value, "%" if isinstance(cell, Percent) else "")


def _fast_number(cells: Sequence[Any], number_format: NumberFormat) -> Callable[[Any], float]:
    """The quickest function that is right for these cells; it raises for what needs a closer look.

    `float` alone also takes `1_000`, other scripts' digits, booleans and Decimals, so it is used only where the cells
    are plain text.
    """
    if number_format.mixed:
        return _refuse
    try:
        joined = "".join(cells)
    except TypeError:
        return _typed_number if number_format.decimal == "." else _typed_number_comma
    if not joined.isascii() or "_" in joined:
        return _typed_number if number_format.decimal == "." else _typed_number_comma
    return float if number_format.decimal == "." else _comma_number


def _refuse(cell: Any) -> float:
    raise ValueError(cell)


def _comma_number(cell: Any) -> float:
    if "." in cell:
        raise ValueError(cell)
    return float(cell.replace(",", "."))


def _typed_number(cell: Any) -> float:
    if type(cell) is float or type(cell) is int:
        return float(cell)
    if type(cell) is str and cell.isascii() and "_" not in cell:
        return float(cell)
    raise ValueError(cell)


def _typed_number_comma(cell: Any) -> float:
    if type(cell) is float or type(cell) is int:
        return float(cell)
    if type(cell) is str and cell.isascii() and "_" not in cell:
        return _comma_number(cell)
    raise ValueError(cell)
