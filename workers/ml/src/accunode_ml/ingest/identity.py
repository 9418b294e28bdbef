"""The optional columns that say who a company is. What cannot be used there is left out, counted and reported."""

import re
from collections.abc import Mapping
from typing import ClassVar

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from accunode_common.names import clean_name, clean_symbol
from accunode_common.tabular import MISSING_TOKENS, POINT, Cell, parse_column
from accunode_ml.ingest.cells import column_texts
from accunode_ml.ingest.numeric import FileNumbers, plain_numbers

MARKET_CAP = "market_cap"
_MARKET_CAP_LIMIT = 1e17
_LONGEST_CLEANED = 1_000
_CURRENCY = re.compile(r"[A-Z]{3}")


class Identities:
    """Reads symbol, sector, external id, currency and market capitalisation of accepted rows."""

    TEXT_COLUMNS: ClassVar[Mapping[str, int]] = {"symbol": 32, "sector": 200, "external_id": 100, "currency": 3}
    """Columns and the most characters that are kept; longer texts are left out, not cut."""

    COLUMNS: ClassVar[tuple[str, ...]] = (*TEXT_COLUMNS, MARKET_CAP)

    def __init__(self, numbers: FileNumbers) -> None:
        self._numbers = numbers
        self._left_out: dict[str, tuple[int, int]] = {}

    def texts(self, column: str, cells: pa.StringArray | list[Cell] | None, lines: NDArray[np.int64]) -> pa.StringArray:
        """A text column's values, null where blank, missing or unusable; None for a column that the file lacks."""
        if cells is None:
            return pa.nulls(len(lines), pa.string())
        encoded = (
            cells if isinstance(cells, pa.Array) else pa.array(column_texts(cells), pa.string())
        ).dictionary_encode()
        texts: list[str] = encoded.dictionary.to_pylist()
        if isinstance(cells, pa.Array):
            texts = column_texts(texts)
        values = [_usable(column, text) for text in texts]
        unusable = np.array(
            [value is None and not _missing(text) for value, text in zip(values, texts, strict=True)], dtype=bool
        )
        places = encoded.indices.to_numpy()
        if unusable.any():
            self._leave_out(column, lines[unusable[places]])
        return pa.array(values, pa.string()).take(encoded.indices)

    def market_caps(self, cells: pa.StringArray | list[Cell] | None, lines: NDArray[np.int64]) -> NDArray[np.float64]:
        """Market capitalisations, shape (n,), NaN where missing or unusable; None for a column that the file lacks."""
        if cells is None:
            return np.full(len(lines), np.nan)
        number_format = self._numbers.formats.get(MARKET_CAP, POINT)
        if isinstance(cells, pa.Array):
            values, odd = plain_numbers(cells, number_format, _MARKET_CAP_LIMIT)
            places = np.flatnonzero(odd | (values < 0))
            values[places] = self.market_caps(cells.take(pa.array(places)).to_pylist(), lines[places])
            return values
        column = parse_column(cells, number_format)
        values = column.values
        with np.errstate(invalid="ignore"):
            unusable = (values < 0) | (values >= _MARKET_CAP_LIMIT)
        unusable[[*column.problems, *column.suffixes]] = True
        values[unusable] = np.nan
        self._leave_out(MARKET_CAP, lines[unusable])
        return values

    def warnings(self) -> list[str]:
        """What was left out so far, a sentence for each column."""
        return [
            f"{count:,} value{'s' if count > 1 else ''} of {column} could not be used and were left blank, "
            f"the first on line {line}."
            for column, (count, line) in sorted(self._left_out.items(), key=lambda each: self.COLUMNS.index(each[0]))
        ]

    def _leave_out(self, column: str, lines: NDArray[np.int64]) -> None:
        if len(lines):
            count, first = self._left_out.get(column, (0, int(lines[0])))
            self._left_out[column] = (count + len(lines), first)


def _missing(text: str) -> bool:
    return not text or text.casefold() in MISSING_TOKENS


def _usable(column: str, text: str) -> str | None:
    """A text as it is kept; None where it is missing or unusable."""
    if _missing(text):
        return None
    value = text
    if len(text) <= _LONGEST_CLEANED:
        value = clean_symbol(text) if column in {"symbol", "currency"} else clean_name(text)
    fits = len(value) <= Identities.TEXT_COLUMNS[column] and "\ufffd" not in value
    return value if fits and (column != "currency" or _CURRENCY.fullmatch(value)) else None
