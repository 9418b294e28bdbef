"""Opens a file of any format that is read, chosen by its content."""

from collections.abc import Container
from pathlib import Path
from typing import BinaryIO

from accunode_common.tabular.delimited import DelimitedTable
from accunode_common.tabular.detect import detect_format
from accunode_common.tabular.errors import TabularError, TabularErrorCode
from accunode_common.tabular.model import FileFormat, Limits, Table


def open_table(
    source: Path | BinaryIO,
    *,
    limits: Limits | None = None,
    sheet: str | None = None,
    formats: Container[FileFormat] = frozenset(FileFormat),
) -> Table:
    """A reader for a CSV, XLSX or Parquet file, given by its path or as an open, seekable binary file.

    The table is a context manager; leaving it closes a file that was opened here. Without `sheet`, a workbook's first
    visible sheet is read. Files of other `formats` than those named are refused before they are opened.

    Raises:
        TabularError: The file is empty, damaged, encrypted, too large, or of another kind.
    """
    limits = limits or Limits()
    if not isinstance(source, Path):
        return _reader(source, limits, sheet, formats)
    stream = source.open("rb")
    try:
        table = _reader(stream, limits, sheet, formats)
    except BaseException:
        stream.close()
        raise
    table.owned = stream
    return table


def _reader(stream: BinaryIO, limits: Limits, sheet: str | None, formats: Container[FileFormat]) -> Table:
    found = detect_format(stream, limits)
    if found not in formats:
        raise TabularError(
            TabularErrorCode.UNSUPPORTED_FORMAT,
            f"The file is {found.value.upper()}, which is not taken here; save the table as CSV and send that.",
        )
    match found:
        case FileFormat.CSV:
            return DelimitedTable(stream, limits)
        case FileFormat.XLSX:
            from accunode_common.tabular.workbook import XlsxTable

            return XlsxTable(stream, limits, sheet)
        case FileFormat.PARQUET:
            from accunode_common.tabular.parquet import ParquetTable

            return ParquetTable(stream, limits)
