"""What every reader returns: rows of cells with the line they stand on."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import StrEnum
from types import TracebackType
from typing import BinaryIO, NamedTuple, Self

BLOCK_ROWS = 10_000


class FileFormat(StrEnum):
    """The formats that are read and written."""

    CSV = "csv"
    XLSX = "xlsx"
    PARQUET = "parquet"

    @property
    def media_type(self) -> str:
        """The registered media type."""
        return _MEDIA_TYPES[self]


_MEDIA_TYPES = {
    FileFormat.CSV: "text/csv; charset=utf-8",
    FileFormat.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    FileFormat.PARQUET: "application/vnd.apache.parquet",
}


class Percent(float):
    """A spreadsheet fraction shown as a percentage, as the percent number one sees: 0.1234 shown 12.34 % is 12.34."""

    __slots__ = ()


Cell = str | float | int | bool | Decimal | datetime | date | time | timedelta | None
"""A text file's cells are all `str`; a spreadsheet's and a Parquet file's have the type stored there."""


class Row(NamedTuple):
    """One row and its line: the physical line a text row starts on, the sheet's row number, or a Parquet record."""

    line: int
    cells: Sequence[Cell]


@dataclass(frozen=True, slots=True)
class RowBlock:
    """Consecutive rows; `rows[i]` stands on line `lines[i]`. Rows may differ in length."""

    lines: list[int]
    rows: list[Sequence[Cell]]


@dataclass(frozen=True, slots=True)
class Limits:
    """What a file may be at most; beyond it the file is refused.

    Attributes:
        max_bytes: Size of the file.
        max_rows: Rows, blank ones and the header included.
        max_columns: Cells in a row.
        max_cell_chars: Characters in a cell (Excel's own limit).
        max_line_chars: Characters in one physical line of a text file.
        max_uncompressed_bytes: What a compressed file unpacks to.
        max_ratio: How many times its own size a workbook of more than 64 MiB may unpack to.
        max_shared_strings_bytes: What a workbook's string table, which is held in memory, unpacks to.
        max_shared_strings: Texts in that table.
        max_text_chars: Characters of all text cells together, where a file can refer to one text many times.
    """

    max_bytes: int = 512 * 1024 * 1024
    max_rows: int = 1_048_576
    max_columns: int = 256
    max_cell_chars: int = 32_767
    max_line_chars: int = 1_000_000
    max_uncompressed_bytes: int = 2 * 1024 * 1024 * 1024
    max_ratio: int = 200
    max_shared_strings_bytes: int = 256 * 1024 * 1024
    max_shared_strings: int = 4_000_000
    max_text_chars: int = 512 * 1024 * 1024


class Table(ABC):
    """An open file, read once from its start.

    Attributes:
        format: What the content is.
        encoding: A text file's encoding, by its Python name.
        delimiter: A text file's delimiter.
        sheet: The sheet that is read.
        sheets: All of a workbook's sheets, visible ones first.
        warnings: What was assumed while reading, in sentences.
        has_header_line: False for Parquet, whose column names come as line 0 and whose records count from 1.
        owned: A file to close with the table.
    """

    format: FileFormat
    encoding: str | None = None
    delimiter: str | None = None
    sheet: str | None = None
    sheets: tuple[str, ...] = ()
    has_header_line: bool = True
    owned: BinaryIO | None = None

    def __init__(self) -> None:
        self.warnings: list[str] = []

    @abstractmethod
    def blocks(self, size: int = BLOCK_ROWS) -> Iterator[RowBlock]:
        """All rows, in blocks of at most `size`.

        Raises:
            TabularError: The file breaks off, is damaged, or exceeds a limit.
        """

    def select(self, sheet: str) -> None:
        """Read another sheet from its start.

        Raises:
            TabularError: There is no such sheet.
        """
        raise NotImplementedError(f"{self.format} files have no sheets, so not {sheet!r}")

    def close(self) -> None:
        """Release what was opened; a file that the caller opened stays open."""
        if self.owned is not None:
            self.owned.close()

    def __iter__(self) -> Iterator[Row]:
        for block in self.blocks():
            yield from map(Row, block.lines, block.rows)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
