"""Files to fill in: a heading per column, its unit, an example. Uploads may keep rows that start with `# `."""

import io
from collections.abc import Sequence
from dataclasses import dataclass

from accunode_common.tabular.csv_writer import CsvWriter
from accunode_common.tabular.model import Cell, FileFormat
from accunode_common.tabular.parquet_writer import ParquetWriter
from accunode_common.tabular.writer import OutputColumn
from accunode_common.tabular.xlsx_writer import XlsxWriter

NOTE_MARK = "# "


@dataclass(frozen=True, slots=True)
class TemplateColumn:
    """One column of a template.

    Attributes:
        heading: What the column is called in the file.
        unit: The unit of its values, in a word or two.
        definition: What it holds; shown on the workbook's second sheet.
        example: A value as one would write it.
    """

    heading: str
    unit: str
    definition: str
    example: str | float | int | None = None


def write_template(file_format: FileFormat, columns: Sequence[TemplateColumn]) -> bytes:
    """A template file.

    A CSV or a workbook has the headings, then a row of units and an example row that both start with `# `, so that it
    can be uploaded with those rows left in; a Parquet template has the example as its only row.
    """
    sink = io.BytesIO()
    headings = [
        OutputColumn(column.heading, "text" if isinstance(column.example, str) else "number") for column in columns
    ]
    units: list[Cell] = [column.unit for column in columns]
    example: list[Cell] = [column.example for column in columns]
    notes = [_marked(units), _marked(example)]
    match file_format:
        case FileFormat.CSV:
            with CsvWriter(sink, headings, bom=True) as plain:
                plain.write(notes)
        case FileFormat.XLSX:
            with XlsxWriter(sink, headings) as workbook:
                workbook.write(notes)
                definitions = [[column.heading, column.unit, column.definition] for column in columns]
                workbook.add_sheet("Notes", [["Column", "Unit", "Definition"], *definitions])
        case FileFormat.PARQUET:
            with ParquetWriter(sink, headings) as typed:
                typed.write([_marked(example)])
    return sink.getvalue()


def _marked(cells: list[Cell]) -> list[Cell]:
    first, *rest = cells
    return [f"{NOTE_MARK}{'' if first is None else first}", *rest]
