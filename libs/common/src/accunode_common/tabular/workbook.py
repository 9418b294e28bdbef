"""Excel workbooks, streamed; cells keep their types, and fractions shown as percentages become percent numbers."""

import re
import warnings
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from decimal import Decimal
from itertools import islice
from typing import Any, BinaryIO
from xml.etree.ElementTree import ParseError

from openpyxl import DEFUSEDXML, load_workbook

from accunode_common.tabular.detect import damaged
from accunode_common.tabular.errors import TabularError, TabularErrorCode
from accunode_common.tabular.formulas import first_uncalculated
from accunode_common.tabular.model import BLOCK_ROWS, Cell, FileFormat, Limits, Percent, RowBlock, Table

if not DEFUSEDXML:
    raise ImportError("openpyxl must find defusedxml: workbooks come from strangers")

_LITERAL = re.compile(r'"[^"]*"|\\.|_.|\*.|\[[^\]]*\]')
_DAMAGE = (
    zipfile.BadZipFile,
    zlib.error,
    ParseError,
    ValueError,
    KeyError,
    IndexError,
    TypeError,
    AttributeError,
    OverflowError,
    EOFError,
    OSError,
    NotImplementedError,
)


class XlsxTable(Table):
    """One sheet of a workbook; lines are the sheet's row numbers. Blank rows after the last value are left out."""

    format = FileFormat.XLSX

    def __init__(self, source: BinaryIO, limits: Limits, sheet: str | None) -> None:
        super().__init__()
        self._limits = limits
        try:
            with _quietly():
                self._workbook = load_workbook(source, read_only=True, data_only=True, keep_links=False)
                worksheets = sorted(self._workbook.worksheets, key=lambda found: found.sheet_state != "visible")
        except _DAMAGE as error:
            raise damaged("workbook", error) from error
        if not worksheets:
            raise TabularError(
                TabularErrorCode.EMPTY_FILE, "The workbook has no worksheet; put the table on one and upload it again."
            )
        self.sheets = tuple(worksheet.title for worksheet in worksheets)
        self.sheet = self.sheets[0]
        if sheet is not None:
            self.select(sheet)

    def select(self, sheet: str) -> None:
        if sheet not in self.sheets:
            known = ", ".join(self.sheets)
            raise TabularError(
                TabularErrorCode.UNKNOWN_SHEET, f"There is no sheet {sheet!r}; the workbook has {known}."
            )
        self.sheet = sheet

    def close(self) -> None:
        self._workbook.close()
        super().close()

    def blocks(self, size: int = BLOCK_ROWS) -> Iterator[RowBlock]:
        self._refuse_uncalculated()
        rows = self._rows()
        while True:
            try:
                with _quietly():
                    batch = list(islice(rows, size))
            except _DAMAGE as error:
                raise damaged(f"sheet {self.sheet}", error) from error
            if not batch:
                return
            yield RowBlock([line for line, _ in batch], [cells for _, cells in batch])

    def _refuse_uncalculated(self) -> None:
        worksheet: Any = self._workbook[self.sheet or self.sheets[0]]
        try:
            with worksheet._get_source() as source:
                cell = first_uncalculated(source)
        except _DAMAGE as error:
            raise damaged(f"sheet {self.sheet}", error) from error
        if cell is not None:
            raise TabularError(
                TabularErrorCode.UNREADABLE_FILE,
                f"Cell {cell} of sheet {self.sheet} has a formula without a result; open the workbook in Excel, "
                "save it and upload it again.",
            )

    def _rows(self) -> Iterator[tuple[int, Sequence[Cell]]]:
        worksheet: Any = self._workbook[self.sheet or self.sheets[0]]
        # A sheet's declared dimensions may be wrong, or be millions of empty cells.
        worksheet.reset_dimensions()
        limits = self._limits
        blanks: list[int] = []
        percent_formats: dict[str | None, bool] = {}
        for line, raw in enumerate(worksheet.iter_rows(), start=1):
            if line > limits.max_rows:
                raise TabularError(
                    TabularErrorCode.TOO_MANY_ROWS,
                    f"The sheet {self.sheet} has more than {limits.max_rows:,} rows; split it and upload the parts.",
                )
            cells = _values(raw, percent_formats)
            if not cells:
                blanks.append(line)
                continue
            if len(cells) > limits.max_columns:
                raise TabularError(
                    TabularErrorCode.TOO_MANY_COLUMNS,
                    f"Row {line} of sheet {self.sheet} has more than {limits.max_columns} columns; remove some.",
                )
            if any(type(cell) is str and len(cell) > limits.max_cell_chars for cell in cells):
                raise TabularError(
                    TabularErrorCode.CELL_TOO_LONG,
                    f"Row {line} of sheet {self.sheet} has a cell of more than {limits.max_cell_chars:,} characters.",
                )
            for blank in blanks:
                yield blank, ()
            blanks.clear()
            yield line, cells


def is_percent_format(number_format: str | None) -> bool:
    """Whether Excel shows a number in this format times 100 with a percent sign (a quoted sign is only text)."""
    return number_format is not None and "%" in number_format and "%" in _LITERAL.sub("", number_format)


def to_percent(fraction: float) -> Percent:
    """The percent number of a fraction, exact in its decimal digits: 0.38242 gives 38.242, not 38.242000000000004."""
    digits = repr(fraction)
    if "e" in digits or "n" in digits:
        return Percent(Decimal(digits).scaleb(2))
    return Percent(f"{digits}e2")


def _values(raw: Iterable[Any], percent_formats: dict[str | None, bool]) -> list[Cell]:
    """A row's values without the empty ones at its end."""
    cells: list[Cell] = []
    width = 0
    for cell in raw:
        value: Any = cell.value
        if value is not None:
            kind = type(value)
            if kind is float or kind is int:
                shown = cell.number_format
                percent = percent_formats.get(shown)
                if percent is None:
                    percent = percent_formats[shown] = is_percent_format(shown)
                if percent:
                    value = to_percent(value)
                width = len(cells) + 1
            elif kind is not str or value.strip():
                width = len(cells) + 1
        cells.append(value)
    return cells[:width]


def _quietly() -> AbstractContextManager[object]:
    """openpyxl warns about whatever it will not write back; nothing is written back here."""
    return warnings.catch_warnings(action="ignore", category=UserWarning)
