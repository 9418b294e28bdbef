"""The choice of a writer."""

from collections.abc import Sequence
from typing import IO

from accunode_common.tabular.csv_writer import CsvWriter
from accunode_common.tabular.model import FileFormat
from accunode_common.tabular.parquet_writer import ParquetWriter
from accunode_common.tabular.writer import OutputColumn, TableWriter
from accunode_common.tabular.xlsx_writer import XlsxWriter


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
