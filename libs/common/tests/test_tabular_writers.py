import csv
import io
import zipfile
from datetime import UTC, datetime
from math import isfinite

import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import load_workbook

from accunode_common.tabular import (
    Cell,
    CsvWriter,
    FileFormat,
    OutputColumn,
    TemplateColumn,
    neutralise,
    open_table,
    open_writer,
    printable,
    restore,
    write_template,
)

COLUMNS = [OutputColumn("company"), OutputColumn("pd", "number"), OutputColumn("year", "integer")]
TEXT = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=20)


def written(file_format: FileFormat, rows: list[list[Cell]], columns: list[OutputColumn] = COLUMNS) -> bytes:
    sink = io.BytesIO()
    with open_writer(file_format, sink, columns) as writer:
        writer.write(rows)
    return sink.getvalue()


def read_back(content: bytes) -> list[list[Cell]]:
    with open_table(io.BytesIO(content)) as table:
        return [list(row.cells) for row in table]


@pytest.mark.parametrize("file_format", list(FileFormat))
def test_a_written_file_is_read_back(file_format: FileFormat) -> None:
    content = written(file_format, [["Acme, Inc.", 0.0123, 2014], ["Größe\nAG", None, 2015]])

    names, first, second = read_back(content)

    assert names == ["company", "pd", "year"]
    expected: list[Cell] = ["Acme, Inc.", 0.0123, 2014]
    assert first == ([str(cell) for cell in expected] if file_format is FileFormat.CSV else expected)
    assert second[0] == "Größe\nAG"


@pytest.mark.parametrize("text", ["=1+1", "+SUM(A1)", "-cmd|' /C calc'!A0", "@x", "\tx", "\rx", "\uff1dx", "|x", "'=x"])
@pytest.mark.parametrize("file_format", [FileFormat.CSV, FileFormat.XLSX])
def test_text_that_acts_as_a_formula_is_neutralised(text: str, file_format: FileFormat) -> None:
    content = written(file_format, [[text, 0.5, 2014]])

    cell = read_back(content)[1][0]

    assert isinstance(cell, str)
    assert cell.startswith("'")
    assert restore(cell).strip() == text.strip()
    if file_format is FileFormat.XLSX:
        book = load_workbook(io.BytesIO(content))
        assert book.active is not None
        assert book.active["A2"].data_type == "s"


@pytest.mark.parametrize("text", ["-5.2", "+5", "-1e-3", "Acme", "", "a=b", "5-3", "'quoted'"])
def test_numbers_and_ordinary_text_stay_as_they_are(text: str) -> None:
    assert neutralise(text) == text


@settings(deadline=None)
@given(st.text(max_size=10))
def test_neutralising_can_be_undone(text: str) -> None:
    assert restore(neutralise(text)) == text


@settings(deadline=None)
@given(st.lists(st.lists(TEXT, min_size=3, max_size=3), min_size=1, max_size=10))
def test_any_text_survives_csv(rows: list[list[str]]) -> None:
    columns = [OutputColumn(name) for name in ("a", "b", "c")]
    content = written(FileFormat.CSV, [list(row) for row in rows], columns)

    _, *found = csv.reader(io.StringIO(content.decode(), newline=""))

    assert [[restore(cell) for cell in row] for row in found] == [[printable(cell) for cell in row] for row in rows]


@settings(deadline=None)
@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=10))
def test_any_float_survives_csv(numbers: list[float]) -> None:
    content = written(FileFormat.CSV, [["A", number, 2014] for number in numbers])
    assert [float(str(row[1])) for row in read_back(content)[1:]] == numbers


def test_values_that_no_format_has_become_blank() -> None:
    rows: list[list[Cell]] = [["A", float("nan"), 2014], ["B", float("inf"), 2015]]
    assert written(FileFormat.CSV, rows).decode().splitlines()[1:] == ["A,,2014", "B,,2015"]
    assert read_back(written(FileFormat.XLSX, rows))[1:] == [["A", None, 2014], ["B", None, 2015]]


def test_control_characters_do_not_reach_a_file() -> None:
    assert printable("a\x00b\x07c\td") == "abc\td"
    assert read_back(written(FileFormat.XLSX, [["a\x00b\x07c", 0.5, 2014]]))[1][0] == "abc"


def test_a_byte_order_mark_is_written_on_request() -> None:
    sink = io.BytesIO()
    with CsvWriter(sink, COLUMNS, bom=True):
        pass
    assert sink.getvalue().startswith(b"\xef\xbb\xbfcompany,")
    sink = io.BytesIO()
    with CsvWriter(sink, COLUMNS) as writer:
        writer.write([["Ä", 1.0, 2014]])
    assert sink.getvalue() == "company,pd,year\r\nÄ,1.0,2014\r\n".encode()


def test_parquet_columns_are_typed() -> None:
    columns = [*COLUMNS, OutputColumn("at", "timestamp"), OutputColumn("fine", "boolean")]
    moment = datetime(2024, 1, 2, tzinfo=UTC)
    content = written(FileFormat.PARQUET, [["A", 0.5, 2014, moment, True], [None, None, None, None, None]], columns)
    table = pq.read_table(io.BytesIO(content))
    assert [str(field.type) for field in table.schema] == ["string", "double", "int64", "timestamp[us, tz=UTC]", "bool"]
    assert table.to_pylist()[0] == {"company": "A", "pd": 0.5, "year": 2014, "at": moment, "fine": True}


def test_rows_beyond_what_a_sheet_holds_go_on_to_another_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("accunode_common.tabular.xlsx_writer._MAX_ROWS", 3)
    content = written(FileFormat.XLSX, [[f"Company {number}", 0.5, 2014] for number in range(5)])
    with open_table(io.BytesIO(content)) as table:
        assert table.sheets == ("Data", "Data 2", "Data 3")
        found = []
        for sheet in table.sheets:
            table.select(sheet)
            header, *rows = [list(row.cells) for row in table]
            assert header == ["company", "pd", "year"]
            found += [row[0] for row in rows]
    assert found == [f"Company {number}" for number in range(5)]


def test_a_workbook_goes_out_while_its_rows_come_in() -> None:
    sink = io.BytesIO()
    with open_writer(FileFormat.XLSX, sink, COLUMNS) as writer:
        sizes = []
        for block in range(3):
            writer.write([[f"Company {block} {number}", number / 7, 2014] for number in range(2_000)])
            sizes.append(sink.tell())
            sink.seek(0)
            sink.truncate()
    assert min(sizes) > 10_000


@settings(deadline=None)
@given(st.lists(st.tuples(st.text(max_size=8), st.floats(), st.integers(0, 9999)), min_size=1, max_size=10))
def test_any_row_of_a_workbook_is_what_openpyxl_reads(rows: list[tuple[str, float, int]]) -> None:
    content = written(FileFormat.XLSX, [list(row) for row in rows])
    sheet = load_workbook(io.BytesIO(content), read_only=True).active
    assert sheet is not None
    _, *found = [[cell.value for cell in row] for row in sheet.iter_rows(max_col=3)]
    expected = [
        [neutralise(printable(text)) or None, number if isfinite(number) else None, year] for text, number, year in rows
    ]
    assert found == expected


@settings(deadline=None)
@given(st.lists(st.text(max_size=10), min_size=1, max_size=10))
def test_texts_of_a_column_are_made_safe_as_each_alone(texts: list[str]) -> None:
    content = written(FileFormat.CSV, [[text, "x"] for text in texts], [OutputColumn("a"), OutputColumn("b")])
    expected = io.StringIO(newline="")
    csv.writer(expected).writerows([["a", "b"], *([neutralise(printable(text)), "x"] for text in texts)])
    assert content.decode() == expected.getvalue()


def test_an_error_while_writing_completes_no_file() -> None:
    sink = io.BytesIO()
    with pytest.raises(ZeroDivisionError), open_writer(FileFormat.XLSX, sink, COLUMNS) as writer:
        writer.write([["A", 1 / 0, 2014]])
    with pytest.raises(zipfile.BadZipFile):
        zipfile.ZipFile(sink)


@pytest.mark.parametrize("file_format", list(FileFormat))
def test_a_template_has_headings_units_and_a_marked_example(file_format: FileFormat) -> None:
    columns = [
        TemplateColumn("company_name", "text", "The obligor's name.", "Example AG"),
        TemplateColumn("return_on_assets", "%", "Net income over total assets.", 5.5),
    ]
    content = write_template(file_format, columns)

    names, *notes = read_back(content)

    assert names == ["company_name", "return_on_assets"]
    assert all(str(row[0]).startswith("# ") for row in notes)
    assert notes[-1][0] == "# Example AG"
