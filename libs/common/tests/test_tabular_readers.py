import io
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import Workbook

from accunode_common.tabular import Cell, FileFormat, Percent, Row, Table, TabularError, open_table
from accunode_common.tabular.package import is_percent_format
from accunode_common.tabular.sheet import to_percent


def opened(content: bytes | str, **options: Any) -> Table:
    return open_table(io.BytesIO(content.encode() if isinstance(content, str) else content), **options)


def rows(content: bytes | str, **options: Any) -> list[tuple[int, list[Cell]]]:
    with opened(content, **options) as table:
        return [(line, list(cells)) for line, cells in table]


def workbook(*sheets: tuple[str, Sequence[Sequence[Any]]]) -> Workbook:
    book = Workbook()
    book.remove(book["Sheet"])
    for title, content in sheets:
        sheet = book.create_sheet(title)
        for row in content:
            sheet.append(list(row))
    return book


def saved(book: Workbook) -> bytes:
    sink = io.BytesIO()
    book.save(sink)
    book.close()
    return sink.getvalue()


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize(
    ("encoding", "mark", "name"),
    [
        ("utf-8", b"", "utf-8"),
        ("utf-8", b"\xef\xbb\xbf", "utf-8-sig"),
        ("utf-16-le", b"\xff\xfe", "utf-16-le"),
        ("utf-16-be", b"\xfe\xff", "utf-16-be"),
        ("utf-16-le", b"", "utf-16-le"),
        ("utf-16-be", b"", "utf-16-be"),
        ("cp1252", b"", "cp1252"),
    ],
)
def test_a_text_file_is_read_in_any_encoding_and_delimiter(
    delimiter: str, encoding: str, mark: bytes, name: str
) -> None:
    lines = [["Unternehmen", "Jahr", "Marge"], ["Größe & Söhne", "2013", "31,15"], ["Käse", "2014", "0,5"]]
    quoted = [[f'"{cell}"' if delimiter in cell else cell for cell in line] for line in lines]
    text = "\r\n".join(delimiter.join(line) for line in quoted)

    with opened(mark + text.encode(encoding)) as table:
        assert (table.format, table.encoding, table.delimiter) == (FileFormat.CSV, name, delimiter)
        assert [list(row.cells) for row in table] == lines


def test_a_file_with_a_few_broken_bytes_stays_utf8_and_says_so() -> None:
    names = "".join(f"Söhne & Größe {number}\n" for number in range(20)).encode()
    with opened(b"Name\n" + names + b"Caf\xe9\n") as table:
        cells = [row.cells[0] for row in table]
    assert table.encoding == "utf-8"
    assert cells[1] == "Söhne & Größe 0"
    assert cells[-1] == "Caf\ufffd"
    assert "1 characters are broken" in table.warnings[0]


def test_an_unknown_encoding_is_refused() -> None:
    with pytest.raises(TabularError) as refused:
        opened("Name;Jahr\nMüller;2013\n".encode("cp437") * 3)
    assert refused.value.code == "unknown_encoding"


def test_lines_are_the_physical_lines_of_an_editor() -> None:
    text = 'name,year\n"Acme\nHolding",2013\n\n"a","b\r\n\r\nc"\nlast,2014'
    assert rows(text) == [
        (1, ["name", "year"]),
        (2, ["Acme\nHolding", "2013"]),
        (4, []),
        (5, ["a", "b\r\n\r\nc"]),
        (8, ["last", "2014"]),
    ]


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_every_kind_of_line_end_is_read(newline: str) -> None:
    assert rows(newline.join(["a,b", "1,2", ""])) == [(1, ["a", "b"]), (2, ["1", "2"])]


def test_an_unclosed_quote_harms_no_other_line() -> None:
    text = 'name,year,x\n"Acme Corp,2013,1\nBeta,2014,2\n"Gamma",2015,3\nDelta,2016,4\n'
    assert rows(text) == [
        (1, ["name", "year", "x"]),
        (2, ["Acme Corp,2013,1"]),
        (3, ["Beta", "2014", "2"]),
        (4, ["Gamma", "2015", "3"]),
        (5, ["Delta", "2016", "4"]),
    ]


def test_a_quote_that_never_closes_harms_no_other_line() -> None:
    body = "".join(f"Beta {number},2014,2\n" for number in range(20_000))
    found = rows(f'name,year,x\n"Acme Corp,2013,1\n{body}')
    assert len(found) == 20_002
    assert found[2] == (3, ["Beta 0", "2014", "2"])
    assert found[-1] == (20_002, ["Beta 19999", "2014", "2"])


def test_quotes_inside_and_after_spaces_are_read() -> None:
    assert rows('name,year\n"Acme" Corp,2013\n12" Pipe,2014\n"The ""A"" Team",2015\n')[1:] == [
        (2, ["Acme Corp", "2013"]),
        (3, ['12" Pipe', "2014"]),
        (4, ['The "A" Team', "2015"]),
    ]
    assert rows('name, note, year\nA, "Foo, Inc", 2013\n')[1] == (2, ["A", "Foo, Inc", "2013"])


def test_excels_separator_line_is_honoured_and_counted() -> None:
    with opened("sep=;\na;b,c\n1;2,5\n") as table:
        assert list(table) == [Row(2, ["a", "b,c"]), Row(3, ["1", "2,5"])]
        assert table.delimiter == ";"


def test_a_semicolon_file_with_decimal_commas_is_not_split_at_them() -> None:
    assert rows("a;b;c\n1,5;2,5;3,5\n1,6;2,6;3,6\n")[1] == (2, ["1,5", "2,5", "3,5"])


def test_title_lines_do_not_hide_the_delimiter() -> None:
    assert rows("My portfolio\n\nname;year\nA;2013\nB;2014\n")[2] == (3, ["name", "year"])


@settings(deadline=None)
@given(
    st.lists(
        st.lists(st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=8), min_size=2, max_size=4),
        min_size=1,
        max_size=8,
    )
)
def test_sniffing_never_fails_on_odd_text(table: list[list[str]]) -> None:
    content = "name;year\n" + "\n".join(";".join(cells) for cells in table)
    assert rows(content)


def test_a_workbooks_fractions_shown_as_percentages_become_percent_numbers() -> None:
    book = workbook(
        ("Data", [["name", "margin", "cover", "year"], ["A", 0.1234, 3.2, 2014], ["B", 0.38242, "NM", 2015]])
    )
    sheet = book["Data"]
    for row in (2, 3):
        sheet.cell(row, 2).number_format = "0.00%"
        sheet.cell(row, 3).number_format = '0.00"x"'

    found = rows(saved(book))

    assert found == [
        (1, ["name", "margin", "cover", "year"]),
        (2, ["A", 12.34, 3.2, 2014]),
        (3, ["B", 38.242, "NM", 2015]),
    ]
    assert type(found[1][1][1]) is Percent


@pytest.mark.parametrize(
    ("number_format", "percent"),
    [
        ("0%", True),
        ("0.00%;[Red](0.00%)", True),
        ("0.0 %", True),
        ('0.00"%"', False),
        ("0.00\\%", False),
        ('0.00"x"', False),
        ("General", False),
        (None, False),
    ],
)
def test_only_an_unquoted_percent_sign_scales(number_format: str | None, percent: bool) -> None:
    assert is_percent_format(number_format) is percent


@settings(deadline=None)
@given(st.decimals(min_value=-100, max_value=100, places=6))
def test_a_percent_number_is_exact_in_its_digits(number: Any) -> None:
    assert to_percent(float(number)) == float(number.scaleb(2))


def test_tiny_and_whole_fractions_become_percent_numbers() -> None:
    assert to_percent(1e-05) == 0.001
    assert to_percent(1) == 100.0


def test_sheet_rows_keep_their_numbers_over_gaps_and_the_rest_of_the_sheet_is_left_out() -> None:
    book = workbook(("Data", [["a", "b"]]))
    book["Data"]["A4"] = "x"
    book["Data"]["C6"] = " "
    book["Data"]["B9"].number_format = "0.00%"
    assert rows(saved(book)) == [(1, ["a", "b"]), (2, []), (3, []), (4, ["x"])]


def test_dates_booleans_and_errors_arrive_as_what_they_are() -> None:
    book = workbook(("Data", [["x"], [datetime(2014, 12, 31)], [True], ["#DIV/0!"]]))  # noqa: DTZ001
    assert [cells[0] for _, cells in rows(saved(book))] == ["x", datetime(2014, 12, 31), True, "#DIV/0!"]  # noqa: DTZ001


def test_the_first_visible_sheet_is_read_unless_another_is_named() -> None:
    book = workbook(("Hidden", [["h"]]), ("Data", [["d"]]), ("Notes", [["n"]]))
    book["Hidden"].sheet_state = "hidden"
    content = saved(book)
    with opened(content) as table:
        assert (table.sheet, table.sheets) == ("Data", ("Data", "Notes", "Hidden"))
        table.select("Notes")
        assert [row.cells for row in table] == [["n"]]
    assert rows(content, sheet="Hidden") == [(1, ["h"])]
    with pytest.raises(TabularError, match="the workbook has Data, Notes, Hidden"):
        opened(content, sheet="Other")


def test_a_parquet_file_has_its_names_on_line_zero_and_counts_records_from_one() -> None:
    table = pa.table(
        {
            "name": ["A", None],
            "year": pa.array([2014, 2015], pa.int16()),
            "margin": pa.array([12.34, 0.1], pa.float32()),
        }
    )
    sink = io.BytesIO()
    pq.write_table(table, sink)
    with opened(sink.getvalue()) as read:
        assert read.format is FileFormat.PARQUET
        assert [(row.line, list(row.cells)) for row in read] == [
            (0, ["name", "year", "margin"]),
            (1, ["A", 2014, 12.34]),
            (2, [None, 2015, 0.1]),
        ]


def test_the_format_is_told_by_the_content_not_by_the_name(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_bytes(saved(workbook(("Data", [["a"], ["b"]]))))
    with open_table(path) as table:
        assert table.format is FileFormat.XLSX
    path.write_text("a,b\n1,2\n")
    with open_table(path) as table:
        assert table.format is FileFormat.CSV
