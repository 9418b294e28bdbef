"""What a file says does not depend on how its columns are dealt with: by the cell, all at once, or from text."""

import io
import zipfile
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from itertools import repeat
from typing import Any

import psycopg
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accunode_common.tabular import (
    Cell,
    Columns,
    FileFormat,
    MomentTexts,
    NumberTexts,
    OutputColumn,
    neutralise,
    open_writer,
    printable,
)

HEADINGS = ("name", "pd", "year", "listed", "at", "note")
TYPES: dict[str, Any] = {"pd": "number", "year": "integer", "listed": "boolean", "at": "timestamp"}
TABLE = [OutputColumn(heading, TYPES.get(heading, "text")) for heading in HEADINGS]
ROWS: list[list[Cell]] = [
    ["Acme, Inc.", 0.0123, 2014, True, datetime(2024, 1, 2, 3, 4, 5, 60, tzinfo=UTC), "plain"],
    ['Say "hello"', 1e-05, 2015, False, datetime(2024, 1, 2, tzinfo=UTC), None],
    ["=HYPERLINK(1)", 5e-324, None, None, None, "line\r\nbreak"],
    ["Größe & Söhne <AG>\x07", 100.0, 2016, True, datetime(1999, 12, 31, 23, 59, 59, 999999, tzinfo=UTC), "-5.2"],
    ["", float("nan"), -1, False, datetime(2024, 1, 2, 3, 4, 5, 600000, tzinfo=UTC), "'=x"],
    ["\u682a\u5f0f\u4f1a\u793e \U0001f600", 1e22, 0, True, None, "\uff1d\uff11"],
    [None, -0.0, 7, None, datetime(2024, 1, 2, 3, 4, 5, tzinfo=UTC), "| a\tb"],
]
GOLDEN_CSV = (
    "name,pd,year,listed,at,note\r\n"
    '"Acme, Inc.",0.0123,2014,true,2024-01-02T03:04:05.000060+00:00,plain\r\n'
    '"Say ""hello""",1e-05,2015,false,2024-01-02T00:00:00+00:00,\r\n'
    "'=HYPERLINK(1),5e-324,,,,\"line\r\n"
    'break"\r\n'
    "Größe & Söhne <AG>,100.0,2016,true,1999-12-31T23:59:59.999999+00:00,-5.2\r\n"
    ",,-1,false,2024-01-02T03:04:05.600000+00:00,''=x\r\n"
    "\u682a\u5f0f\u4f1a\u793e \U0001f600,1e+22,0,true,,'\uff1d\uff11\r\n"
    ",-0.0,7,,2024-01-02T03:04:05+00:00,'| a\tb\r\n"
)
GOLDEN_SHEET = (
    '<row r="1"><c r="A1" t="inlineStr"><is><t xml:space="preserve">name</t></is></c>'
    '<c r="B1" t="inlineStr"><is><t xml:space="preserve">pd</t></is></c><c r="C1" t="inlineStr"><is>'
    '<t xml:space="preserve">year</t></is></c><c r="D1" t="inlineStr"><is><t xml:space="preserve">'
    'listed</t></is></c><c r="E1" t="inlineStr"><is><t xml:space="preserve">at</t></is></c>'
    '<c r="F1" t="inlineStr"><is><t xml:space="preserve">note</t></is></c></row>'
    '<row r="2"><c r="A2" t="inlineStr"><is><t xml:space="preserve">Acme, Inc.</t></is></c><c r="B2">'
    '<v>0.0123</v></c><c r="C2"><v>2014</v></c><c r="D2" t="b"><v>1</v></c><c r="E2" s="2"><v>'
    '45293.12783564884</v></c><c r="F2" t="inlineStr"><is><t xml:space="preserve">plain</t></is></c>'
    "</row>"
    '<row r="3"><c r="A3" t="inlineStr"><is><t xml:space="preserve">Say "hello"</t></is></c>'
    '<c r="B3"><v>1e-05</v></c><c r="C3"><v>2015</v></c><c r="D3" t="b"><v>0</v></c><c r="E3" s="2">'
    "<v>45293.0</v></c></row>"
    '<row r="4"><c r="A4" t="inlineStr"><is><t xml:space="preserve">\'=HYPERLINK(1)</t></is></c>'
    '<c r="B4"><v>5e-324</v></c><c r="F4" t="inlineStr"><is><t xml:space="preserve">'
    "line&#13;\nbreak</t></is></c></row>"
    '<row r="5"><c r="A5" t="inlineStr"><is><t xml:space="preserve">Größe &amp; Söhne &lt;AG&gt;</t>'
    '</is></c><c r="B5"><v>100.0</v></c><c r="C5"><v>2016</v></c><c r="D5" t="b"><v>1</v></c>'
    '<c r="E5" s="2"><v>36525.999999999985</v></c><c r="F5" t="inlineStr"><is>'
    '<t xml:space="preserve">-5.2</t></is></c></row>'
    '<row r="6"><c r="C6"><v>-1</v></c><c r="D6" t="b"><v>0</v></c><c r="E6" s="2"><v>'
    '45293.12784259259</v></c><c r="F6" t="inlineStr"><is><t xml:space="preserve">\'\'=x</t></is></c>'
    "</row>"
    '<row r="7"><c r="A7" t="inlineStr"><is><t xml:space="preserve">\u682a\u5f0f\u4f1a\u793e \U0001f600</t></is></c>'
    '<c r="B7"><v>1e+22</v></c><c r="C7"><v>0</v></c><c r="D7" t="b"><v>1</v></c><c r="F7" t="inlineStr"><is>'
    '<t xml:space="preserve">\'\uff1d\uff11</t></is></c></row>'
    '<row r="8"><c r="B8"><v>-0.0</v></c><c r="C8"><v>7</v></c><c r="E8" s="2"><v>'
    '45293.12783564815</v></c><c r="F8" t="inlineStr"><is><t xml:space="preserve">\'| a\tb</t></is></c>'
    "</row>"
)


def written(file_format: FileFormat, columns: Sequence[OutputColumn], *blocks: Columns) -> bytes:
    """The file of these blocks."""
    sink = io.BytesIO()
    with open_writer(file_format, sink, columns) as writer:
        for block in blocks:
            writer.write_columns(block)
    return sink.getvalue()


def sheet(workbook: bytes) -> str:
    """The rows of a workbook as they stand in it."""
    with zipfile.ZipFile(io.BytesIO(workbook)) as archive:
        content = archive.read("xl/worksheets/sheet1.xml").decode()
    return content.partition("<sheetData>")[2].partition("</sheetData>")[0]


def by_columns(rows: Sequence[Sequence[Cell]]) -> Columns:
    return list(zip(*rows, strict=True))


@pytest.mark.parametrize("size", [1, 3, len(ROWS)])
def test_files_are_to_the_byte_what_they_were(size: int) -> None:
    blocks = [by_columns(ROWS[first : first + size]) for first in range(0, len(ROWS), size)]
    assert written(FileFormat.CSV, TABLE, *blocks).decode() == GOLDEN_CSV
    assert sheet(written(FileFormat.XLSX, TABLE, *blocks)) == GOLDEN_SHEET


def shown(cell: Cell) -> str:
    """A cell of a CSV, by itself."""
    match cell:
        case None:
            return ""
        case str():
            text = neutralise(printable(cell))
            return '"' + text.replace('"', '""') + '"' if set(text) & set('",\r\n') else text
        case bool():
            return str(cell).lower()
        case float():
            return repr(cell) if abs(cell) < float("inf") else ""
        case date():
            return cell.isoformat()
    return str(cell)


TEXTS = st.one_of(
    st.text(st.sampled_from("ab \"',;=+-@|\t\r\n\x00\x1b\u00a0\uff1d\ud800\U0001f600<&>"), max_size=6),
    st.text(max_size=12),
    st.sampled_from(["Acme", "-5.2", "+1e5", "'=x", "a,b"]),
)
MOMENTS = st.datetimes(timezones=st.just(UTC))
CELLS: Sequence[st.SearchStrategy[Cell]] = [
    TEXTS,
    st.none() | TEXTS,
    st.floats(),
    st.none() | st.floats(),
    st.integers(-(10**18), 10**18),
    st.booleans(),
    st.none() | MOMENTS,
    st.dates(date(1900, 1, 1)),
    st.decimals(allow_nan=False, allow_infinity=False, places=2),
    st.none() | TEXTS | st.floats() | st.integers(-9, 9) | st.booleans() | MOMENTS,
]


@st.composite
def tables(draw: st.DrawFn) -> Columns:
    """Columns of one type, of several types, with few different cells and with many."""
    rows = draw(st.integers(1, 8))
    kinds = draw(st.lists(st.sampled_from(CELLS), min_size=1, max_size=4))
    times = draw(st.sampled_from([1, 1, 20]))
    return [draw(st.lists(kind, min_size=rows, max_size=rows)) * times for kind in kinds]


@settings(deadline=None, max_examples=300)
@given(tables())
def test_a_csv_says_of_columns_what_it_says_of_each_cell(columns: Columns) -> None:
    headings = [OutputColumn(f"c{number}") for number in range(len(columns))]
    lines = [",".join(map(shown, row)) for row in zip(*columns, strict=True)]
    head = ",".join(column.heading for column in headings)
    assert written(FileFormat.CSV, headings, columns) == "".join(f"{line}\r\n" for line in [head, *lines]).encode()


@settings(deadline=None, max_examples=200)
@given(tables())
def test_a_workbook_says_of_columns_what_it_says_of_each_cell(columns: Columns) -> None:
    headings = [OutputColumn(f"c{number}") for number in range(len(columns))]
    # A column that also has a cell of another type is dealt with cell by cell.
    mixed = [[*cells, *other] for cells, other in zip(columns, repeat((True, "x", 1)), strict=False)]
    alone, beside = (sheet(written(FileFormat.XLSX, headings, each)) for each in (columns, mixed))
    assert beside.startswith(alone)
    assert beside.count("<row ") == alone.count("<row ") + 3


Cast = Callable[[str, Sequence[Any]], list[str | None]]


@pytest.fixture
def cast_to_text(superuser: psycopg.Connection) -> Cast:
    """PostgreSQL's text of values of a type, as the product's sessions get it."""

    def cast(kind: str, values: Sequence[Any]) -> list[str | None]:
        superuser.execute("set timezone to 'UTC'")
        found = superuser.execute(
            f"select value::text from unnest(%s::{kind}[]) with ordinality v (value, place) order by place",
            [list(values)],
        )
        return [text for (text,) in found]

    return cast


@settings(deadline=None, max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    numbers=st.lists(st.none() | st.floats() | st.integers(-(10**17), 10**17).map(float), min_size=1, max_size=20),
    moments=st.lists(st.none() | MOMENTS, min_size=1, max_size=5),
)
def test_files_say_of_text_from_the_database_what_they_say_of_its_numbers_and_moments(
    cast_to_text: Cast, numbers: list[float | None], moments: list[datetime | None]
) -> None:
    for heading, cells, texts in (
        (OutputColumn("pd", "number"), numbers, NumberTexts(cast_to_text("float8", numbers))),
        (OutputColumn("at", "timestamp"), moments, MomentTexts(cast_to_text("timestamptz", moments))),
    ):
        assert written(FileFormat.CSV, [heading], [texts]) == written(FileFormat.CSV, [heading], [cells])
        books = [written(FileFormat.XLSX, [heading], [each]) for each in (texts, cells)]
        assert sheet(books[0]) == sheet(books[1])
        files = [pq.read_table(io.BytesIO(written(FileFormat.PARQUET, [heading], [each]))) for each in (texts, cells)]
        assert repr(files[0].to_pylist()) == repr(files[1].to_pylist())
        assert files[0].schema == files[1].schema


def test_columns_of_text_go_on_to_another_sheet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("accunode_common.tabular.xlsx_writer._MAX_ROWS", 3)
    block = [NumberTexts(["1", None, "0.5"]), MomentTexts(["2024-01-02 00:00:00+00"] * 3)]
    content = written(FileFormat.XLSX, [OutputColumn("pd", "number"), OutputColumn("at", "timestamp")], block)
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        second = archive.read("xl/worksheets/sheet2.xml").decode()
    assert '<row r="2"><c r="A2"><v>0.5</v></c><c r="B2" s="2"><v>45293.0</v></c></row>' in second


def test_a_block_of_no_rows_adds_nothing() -> None:
    for file_format in FileFormat:
        assert len(written(file_format, TABLE, [], by_columns(ROWS), [])) == len(
            written(file_format, TABLE, by_columns(ROWS))
        )
