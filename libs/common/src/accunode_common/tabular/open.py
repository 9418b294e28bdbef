"""Opens a file of any format that is read, chosen by its content."""

from pathlib import Path
from typing import BinaryIO

from accunode_common.tabular.delimited import DelimitedTable
from accunode_common.tabular.detect import detect_format
from accunode_common.tabular.model import FileFormat, Limits, Table


def open_table(source: Path | BinaryIO, *, limits: Limits | None = None, sheet: str | None = None) -> Table:
    """A reader for a CSV, XLSX or Parquet file, given by its path or as an open, seekable binary file.

    The table is a context manager; leaving it closes a file that was opened here. Without `sheet`, a workbook's first
    visible sheet is read.

    Raises:
        TabularError: The file is empty, damaged, encrypted, too large, or of another kind.
    """
    limits = limits or Limits()
    if not isinstance(source, Path):
        return _reader(source, limits, sheet)
    stream = source.open("rb")
    try:
        table = _reader(stream, limits, sheet)
    except BaseException:
        stream.close()
        raise
    table.owned = stream
    return table


def _reader(stream: BinaryIO, limits: Limits, sheet: str | None) -> Table:
    match detect_format(stream, limits):
        case FileFormat.CSV:
            return DelimitedTable(stream, limits)
        case FileFormat.XLSX:
            from accunode_common.tabular.workbook import XlsxTable

            return XlsxTable(stream, limits, sheet)
        case FileFormat.PARQUET:
            from accunode_common.tabular.parquet import ParquetTable

            return ParquetTable(stream, limits)
