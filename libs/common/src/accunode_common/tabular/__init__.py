"""CSV, XLSX and Parquet: streaming readers with limits, numbers as people write them, safe writers.

CSV needs nothing but this package; the libraries of the `tabular` and `parquet` extras are imported when they are used.
"""

from typing import TYPE_CHECKING, Any

from accunode_common.tabular.casts import MomentTexts, NumberTexts
from accunode_common.tabular.csv_writer import CsvWriter
from accunode_common.tabular.errors import TabularError, TabularErrorCode
from accunode_common.tabular.model import BLOCK_ROWS, Cell, FileFormat, Limits, Percent, Row, RowBlock, Table
from accunode_common.tabular.neutral import neutralise, printable, restore
from accunode_common.tabular.numbers import (
    COMMA,
    MISSING_TOKENS,
    POINT,
    Evidence,
    NumberFormat,
    NumberKind,
    ParsedNumber,
    default_format,
    parse_number,
)
from accunode_common.tabular.open import open_table
from accunode_common.tabular.parquet_writer import ParquetWriter
from accunode_common.tabular.template import NOTE_MARK, TemplateColumn, write_template
from accunode_common.tabular.writer import Columns, OutputColumn, TableWriter
from accunode_common.tabular.writers import open_writer
from accunode_common.tabular.xlsx_writer import XlsxWriter

if TYPE_CHECKING:
    from accunode_common.tabular.columns import NumberColumn, parse_column

__all__ = [
    "BLOCK_ROWS",
    "COMMA",
    "MISSING_TOKENS",
    "NOTE_MARK",
    "POINT",
    "Cell",
    "Columns",
    "CsvWriter",
    "Evidence",
    "FileFormat",
    "Limits",
    "MomentTexts",
    "NumberColumn",
    "NumberFormat",
    "NumberKind",
    "NumberTexts",
    "OutputColumn",
    "ParquetWriter",
    "ParsedNumber",
    "Percent",
    "Row",
    "RowBlock",
    "Table",
    "TableWriter",
    "TabularError",
    "TabularErrorCode",
    "TemplateColumn",
    "XlsxWriter",
    "default_format",
    "neutralise",
    "open_table",
    "open_writer",
    "parse_column",
    "parse_number",
    "printable",
    "restore",
    "write_template",
]


def __getattr__(name: str) -> Any:
    if name in {"NumberColumn", "parse_column"}:
        from accunode_common.tabular import columns

        return getattr(columns, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
