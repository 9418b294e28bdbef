"""Excel workbooks, streamed; cells keep their types, and fractions shown as percentages become percent numbers."""

import zipfile
import zlib
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import BinaryIO

from accunode_common.tabular.detect import damaged
from accunode_common.tabular.errors import TabularError, TabularErrorCode
from accunode_common.tabular.model import BLOCK_ROWS, Cell, FileFormat, Limits, RowBlock, Table
from accunode_common.tabular.package import Package, Sheet, Shown
from accunode_common.tabular.sheet import SheetRows, Surroundings

LONGEST_GAP = 100
"""Blank rows between two others that are rows of the table; more are left out, as one stray cell can lie far below."""

_BLOCK_CHARS = 16 * 1024 * 1024
_DAMAGE = (
    zipfile.BadZipFile,
    zlib.error,
    ValueError,
    KeyError,
    IndexError,
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
            self._package = Package(source, limits)
        except _DAMAGE as error:
            raise damaged("workbook", error) from error
        if not self._package.sheets:
            raise TabularError(
                TabularErrorCode.EMPTY_FILE, "The workbook has no worksheet; put the table on one and upload it again."
            )
        self.sheets = tuple(sheet.title for sheet in self._package.sheets)
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
        self._package.close()
        super().close()

    def blocks(self, size: int = BLOCK_ROWS) -> Iterator[RowBlock]:
        sheet = self._selected()
        try:
            surroundings = Surroundings(sheet.title, self._strings, self._styles, self._package.epoch, self._limits)
            rows = SheetRows(surroundings)
            batches = self._batches(sheet, rows, size)
            while batch := next(batches, None):
                yield RowBlock([line for line, _ in batch], [cells for _, cells in batch])
        except _DAMAGE as error:
            raise damaged(f"sheet {sheet.title}", error) from error

    def _batches(self, sheet: Sheet, reader: SheetRows, size: int) -> Iterator[list[tuple[int, Sequence[Cell]]]]:
        batch: list[tuple[int, Sequence[Cell]]] = []
        chars = 0
        for row in self._with_blank_rows(sheet, reader):
            batch.append(row)
            if len(batch) == size or reader.chars - chars > _BLOCK_CHARS:
                yield batch
                batch, chars = [], reader.chars
        if batch:
            yield batch

    def _selected(self) -> Sheet:
        return next(sheet for sheet in self._package.sheets if sheet.title == self.sheet)

    @cached_property
    def _strings(self) -> list[str]:
        return self._package.strings()

    @cached_property
    def _styles(self) -> list[Shown]:
        return self._package.styles()

    def _with_blank_rows(self, sheet: Sheet, reader: SheetRows) -> Iterator[tuple[int, Sequence[Cell]]]:
        last = left_out = 0
        with self._package.open(sheet.part) as source:
            for line, cells in reader.read(source):
                gap = line - last - 1
                if gap > LONGEST_GAP:
                    left_out += gap
                else:
                    for blank in range(last + 1, line):
                        yield blank, ()
                yield line, cells
                last = line
        if left_out:
            self.warnings.append(f"{left_out:,} blank rows between others of sheet {sheet.title} were left out.")
