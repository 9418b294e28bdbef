"""Streaming writers for CSV, XLSX and Parquet; text never becomes a formula in the first two."""

import csv
import io
import math
import tempfile
from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import islice
from types import TracebackType
from typing import IO, Any, Literal, Self

from accunode_common.tabular.errors import TabularError, TabularErrorCode
from accunode_common.tabular.model import BLOCK_ROWS, Cell, FileFormat
from accunode_common.tabular.neutral import neutralise, printable

_CHUNK_BYTES = 256 * 1024
_SPOOL_BYTES = 8 * 1024 * 1024
_XLSX_MAX_ROWS = 1_048_576
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class OutputColumn:
    """A column to write; `type` decides how Parquet stores it."""

    heading: str
    type: Literal["text", "number", "integer", "boolean", "timestamp"] = "text"


class TableWriter(AbstractContextManager["TableWriter"], ABC):
    """Writes rows to a binary file, which stays open. Leaving the context without an error completes the file."""

    @abstractmethod
    def write(self, rows: Iterable[Sequence[Cell]]) -> None:
        """Append rows, each with as many cells as there are columns."""

    @abstractmethod
    def finish(self) -> None:
        """Write what a complete file still needs."""

    def abandon(self) -> None:
        """Release what is held for a file that will not be completed."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self.finish()
        else:
            self.abandon()


class CsvWriter(TableWriter):
    """RFC 4180, UTF-8; with `bom`, Excel opens it in the right encoding."""

    def __init__(self, sink: IO[bytes], columns: Sequence[OutputColumn], *, bom: bool = False) -> None:
        self._sink = sink
        self._buffer = io.StringIO(newline="")
        self._writer = csv.writer(self._buffer)
        if bom:
            sink.write(b"\xef\xbb\xbf")
        self.write([[column.heading for column in columns]])

    def write(self, rows: Iterable[Sequence[Cell]]) -> None:
        for row in rows:
            self._writer.writerow([_as_text(cell) for cell in row])
            if self._buffer.tell() > _CHUNK_BYTES:
                self.finish()
        self.finish()

    def finish(self) -> None:
        self._sink.write(self._buffer.getvalue().encode())
        self._buffer.seek(0)
        self._buffer.truncate()


class XlsxWriter(TableWriter):
    """One sheet with a frozen header; rows go to a temporary file until the end."""

    def __init__(self, sink: IO[bytes], columns: Sequence[OutputColumn], *, sheet: str = "Data") -> None:
        from openpyxl import Workbook

        self._sink = sink
        self._workbook = Workbook(write_only=True)
        self._sheet: Any = self._workbook.create_sheet(sheet)
        self._sheet.freeze_panes = "A2"
        for number, column in enumerate(columns, start=1):
            self._sheet.column_dimensions[_letter(number)].width = min(60, max(12, len(column.heading) + 2))
        self._rows = 0
        self.write([[column.heading for column in columns]])

    def write(self, rows: Iterable[Sequence[Cell]]) -> None:
        for row in rows:
            self._rows += 1
            if self._rows > _XLSX_MAX_ROWS:
                raise TabularError(
                    TabularErrorCode.TOO_MANY_ROWS,
                    f"A sheet holds at most {_XLSX_MAX_ROWS:,} rows; use CSV or Parquet.",
                )
            self._sheet.append([_for_sheet(cell) for cell in row])

    def add_sheet(self, title: str, rows: Iterable[Sequence[Cell]]) -> None:
        """Append a sheet after the first one."""
        sheet: Any = self._workbook.create_sheet(title)
        for row in rows:
            sheet.append([_for_sheet(cell) for cell in row])

    def finish(self) -> None:
        self._workbook.save(self._sink)
        self._workbook.close()

    def abandon(self) -> None:
        # Only saving removes openpyxl's temporary file.
        with tempfile.SpooledTemporaryFile(max_size=_SPOOL_BYTES) as nowhere:
            self._workbook.save(nowhere)
        self._workbook.close()


class ParquetWriter(TableWriter):
    """Typed columns, Zstandard; each `BLOCK_ROWS` rows are a row group.

    It stands on arro3: the services that write Parquet would be twice their size with pyarrow.
    """

    def __init__(self, sink: IO[bytes], columns: Sequence[OutputColumn]) -> None:
        from arro3 import core

        types = {
            "text": core.DataType.utf8(),
            "number": core.DataType.float64(),
            "integer": core.DataType.int64(),
            "boolean": core.DataType.bool(),
            "timestamp": core.DataType.timestamp("us", tz="UTC"),
        }
        self._core = core
        self._sink = sink
        self._types = [(column.type, types[column.type]) for column in columns]
        self._schema = core.Schema([core.Field(column.heading, types[column.type]) for column in columns])
        self._batches: list[Any] = []

    def write(self, rows: Iterable[Sequence[Cell]]) -> None:
        source = iter(rows)
        while block := list(islice(source, BLOCK_ROWS)):
            arrays = [
                self._array(kind, arrow_type, values)
                for (kind, arrow_type), values in zip(self._types, zip(*block, strict=True), strict=True)
            ]
            self._batches.append(self._core.RecordBatch(arrays, schema=self._schema))

    def finish(self) -> None:
        from arro3.io import write_parquet

        reader = self._core.RecordBatchReader.from_batches(self._schema, self._batches)
        write_parquet(reader, self._sink, compression="zstd(3)", max_row_group_size=BLOCK_ROWS)

    def _array(self, kind: str, arrow_type: Any, values: Sequence[Any]) -> Any:
        if kind != "timestamp":
            return self._core.Array(values, arrow_type)
        microseconds = [None if value is None else _microseconds(value) for value in values]
        return self._core.Array(microseconds, self._core.DataType.int64()).cast(arrow_type)


def _microseconds(moment: datetime) -> int:
    return (moment - _EPOCH) // timedelta(microseconds=1)


def open_writer(
    file_format: FileFormat, sink: IO[bytes], columns: Sequence[OutputColumn], *, bom: bool = False
) -> TableWriter:
    """The writer for a format; `bom` concerns CSV only."""
    match file_format:
        case FileFormat.CSV:
            return CsvWriter(sink, columns, bom=bom)
        case FileFormat.XLSX:
            return XlsxWriter(sink, columns)
        case FileFormat.PARQUET:
            return ParquetWriter(sink, columns)


def _as_text(cell: Cell) -> str:
    if cell is None:
        return ""
    if isinstance(cell, str):
        return neutralise(printable(cell))
    if isinstance(cell, float):
        return repr(float(cell)) if math.isfinite(cell) else ""
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, date):
        return cell.isoformat()
    return str(cell)


def _for_sheet(cell: Cell) -> Cell:
    if isinstance(cell, str):
        return neutralise(printable(cell))
    if isinstance(cell, float) and not math.isfinite(cell):
        return None
    if isinstance(cell, datetime) and cell.tzinfo is not None:
        return cell.astimezone(UTC).replace(tzinfo=None)
    return cell


def _letter(number: int) -> str:
    from openpyxl.utils import get_column_letter

    return str(get_column_letter(number))
