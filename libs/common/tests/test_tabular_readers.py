import io
import re
import zipfile
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

from accunode_common.tabular import Cell, FileFormat, Limits, Percent, Row, Table, TabularError, open_table
from accunode_common.tabular.workbook import is_percent_format, to_percent


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


def archive(**files: bytes) -> bytes:
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as opened_archive:
        for name, content in files.items():
            opened_archive.writestr(name.replace("__", "/"), content)
    return sink.getvalue()


OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600)


@pytest.mark.parametrize(
    ("content", "code", "says"),
    [
        (b"", "empty_file", "is empty"),
        (b"\xef\xbb\xbf", "empty_file", "is empty"),
        (b" \r\n\r\n", "empty_file", "is empty"),
        (OLE, "unsupported_format", "old Excel format"),
        (OLE + "EncryptedPackage".encode("utf-16-le"), "encrypted_file", "password"),
        (b"%PDF-1.7 ...", "unsupported_format", "PDF"),
        (b"\x1f\x8b\x08" + bytes(50), "unsupported_format", "gzip"),
        (b"<html><table><tr><td>a</td></tr></table></html>", "unsupported_format", "HTML"),
        (b'<?xml version="1.0"?><Workbook/>', "unsupported_format", "XML"),
        (b'[{"a": 1}]', "unsupported_format", "JSON"),
        (b'{"a": 1}', "unsupported_format", "JSON"),
        (bytes(range(256)) * 40, "unsupported_format", "not text"),
        (archive(hello=b"x"), "unsupported_format", "ZIP archive"),
        (archive(mimetype=b"x", **{"content.xml": b"<a/>"}), "unsupported_format", "OpenDocument"),
        (archive(xl__workbook_bin=b"x", **{"xl/workbook.bin": b""}), "unsupported_format", ".xlsb"),
        (
            archive(**{"[Content_Types].xml": b"<Types/>", "xl/workbook.xml": b"<nonsense"}),
            "unreadable_file",
            "damaged",
        ),
        (b"PK\x03\x04 cut off", "unreadable_file", "damaged"),
        (b"PAR1 cut off PAR1", "unreadable_file", "damaged"),
        (b"PARE" + bytes(50), "encrypted_file", "encrypted"),
    ],
)
def test_a_file_that_is_no_table_is_refused_in_one_sentence(content: bytes, code: str, says: str) -> None:
    with pytest.raises(TabularError, match=says) as refused:
        rows(content)
    assert refused.value.code == code
    assert refused.value.message.endswith(".")


def test_a_workbook_that_is_cut_off_is_refused() -> None:
    content = saved(workbook(("Data", [["a", number] for number in range(2000)])))
    with pytest.raises(TabularError) as refused:
        rows(content[: len(content) // 2])
    assert refused.value.code == "unreadable_file"


@pytest.mark.parametrize(
    ("content", "limits", "code"),
    [
        ("a,b\n" * 100, Limits(max_bytes=100), "file_too_large"),
        ("a,b\n" * 11, Limits(max_rows=10), "too_many_rows"),
        ("a,b\n" + "1,2,3,4\n", Limits(max_columns=3), "too_many_columns"),
        ("a,b\nx," + "y" * 101 + "\n", Limits(max_cell_chars=100), "cell_too_long"),
        ("a,b\nx," + "y" * 101 + "\n", Limits(max_line_chars=100), "cell_too_long"),
        ('a,b\nx,"' + "y\n" * 60 + '"\n', Limits(max_cell_chars=100), "cell_too_long"),
    ],
)
def test_a_text_file_beyond_a_limit_is_refused(content: str, limits: Limits, code: str) -> None:
    with pytest.raises(TabularError) as refused:
        rows(content, limits=limits)
    assert refused.value.code == code


@pytest.mark.parametrize(
    ("limits", "code"),
    [
        (Limits(max_rows=10), "too_many_rows"),
        (Limits(max_columns=2), "too_many_columns"),
        (Limits(max_cell_chars=10), "cell_too_long"),
        (Limits(max_bytes=1000), "file_too_large"),
        (Limits(max_uncompressed_bytes=5000), "file_too_large"),
    ],
)
def test_a_workbook_beyond_a_limit_is_refused(limits: Limits, code: str) -> None:
    content = saved(workbook(("Data", [["a", "b", "c" * 20]] * 20)))
    with pytest.raises(TabularError) as refused:
        rows(content, limits=limits)
    assert refused.value.code == code


def test_a_parquet_file_beyond_a_limit_is_refused() -> None:
    sink = io.BytesIO()
    pq.write_table(pa.table({"a": list(range(100)), "b": list(range(100))}), sink)
    for limits, code in (
        (Limits(max_rows=50), "too_many_rows"),
        (Limits(max_columns=1), "too_many_columns"),
        (Limits(max_uncompressed_bytes=100), "file_too_large"),
    ):
        with pytest.raises(TabularError) as refused:
            opened(sink.getvalue(), limits=limits)
        assert refused.value.code == code


def bomb(*, claimed: int | None) -> bytes:
    """A workbook whose sheet unpacks to 50 MB, and says so, or claims to be of another size."""
    sheet = (
        b'<?xml version="1.0"?><worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
        b'<row r="1"><c r="A1" t="inlineStr"><is><t>'
        + b"0" * 50_000_000
        + b"</t></is></c></row></sheetData></worksheet>"
    )
    source = zipfile.ZipFile(io.BytesIO(saved(workbook(("Data", [["a"]])))))
    sink = io.BytesIO()
    with source, zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as target:
        for entry in source.infolist():
            content = sheet if entry.filename.endswith("sheet1.xml") else source.read(entry)
            target.writestr(entry.filename, content)
    content = sink.getvalue()
    if claimed is not None:
        size = len(sheet).to_bytes(4, "little")
        assert content.count(size) == 2
        content = content.replace(size, claimed.to_bytes(4, "little"))
    return content


def test_a_zip_bomb_is_refused_by_what_it_declares() -> None:
    with pytest.raises(TabularError, match=r"unpacks to 50,\d{3},\d{3} bytes") as refused:
        opened(bomb(claimed=None), limits=Limits(max_uncompressed_bytes=10_000_000))
    assert refused.value.code == "file_too_large"


def test_a_zip_bomb_that_lies_about_its_size_is_not_unpacked() -> None:
    with pytest.raises(TabularError) as refused:
        rows(bomb(claimed=1000), limits=Limits(max_uncompressed_bytes=10_000_000))
    assert refused.value.code == "unreadable_file"


def test_an_entity_bomb_is_refused() -> None:
    entities = b"".join(b'<!ENTITY e%d "%s">' % (n, b"&e%d;" % (n - 1) * 10 if n else b"lol") for n in range(10))
    source = zipfile.ZipFile(io.BytesIO(saved(workbook(("Data", [["a"]])))))
    sink = io.BytesIO()
    with source, zipfile.ZipFile(sink, "w") as target:
        for entry in source.infolist():
            content = source.read(entry)
            if entry.filename.endswith("sheet1.xml"):
                content = (
                    b"<?xml version='1.0'?><!DOCTYPE worksheet [" + entities + b"]><worksheet xmlns="
                    b"'http://schemas.openxmlformats.org/spreadsheetml/2006/main'><sheetData><row r='1'><c r='A1' "
                    b"t='inlineStr'><is><t>&e9;</t></is></c></row></sheetData></worksheet>"
                )
            target.writestr(entry.filename, content)
    with pytest.raises(TabularError) as refused:
        rows(sink.getvalue())
    assert refused.value.code == "unreadable_file"


def test_a_formula_without_a_result_is_refused_and_one_with_a_result_is_read() -> None:
    content = saved(workbook(("Data", [["a", "b"], [1, "=A2*2"]])))
    with pytest.raises(TabularError, match="Cell B2 of sheet Data has a formula without a result"):
        rows(content)

    source = zipfile.ZipFile(io.BytesIO(content))
    for result, value in ((b'<c r="B2"><f>A2*2</f><v>2</v></c>', 2), (b'<c r="B2" t="str"><f>""</f><v></v></c>', None)):
        sink = io.BytesIO()
        with zipfile.ZipFile(sink, "w") as target:
            for entry in source.infolist():
                text = source.read(entry)
                assert not entry.filename.endswith("sheet1.xml") or b'<c r="B2"><f>A2*2</f><v />' in text
                target.writestr(entry.filename, re.sub(rb'<c r="B2">.*?</c>', lambda _: result, text))  # noqa: B023
        assert (rows(sink.getvalue())[1][1] + [None])[1] == value
    source.close()


def test_wrong_sheet_dimensions_are_not_believed() -> None:
    source = zipfile.ZipFile(io.BytesIO(saved(workbook(("Data", [["a", "b"], ["c", "d"]])))))
    sink = io.BytesIO()
    with source, zipfile.ZipFile(sink, "w") as target:
        for entry in source.infolist():
            target.writestr(entry.filename, source.read(entry).replace(b'ref="A1:B2"', b'ref="A1:XFD1048576"'))
    assert rows(sink.getvalue()) == [(1, ["a", "b"]), (2, ["c", "d"])]


def test_a_file_opened_by_the_caller_stays_open() -> None:
    source = io.BytesIO(b"a,b\n1,2\n")
    with open_table(source) as table:
        assert next(iter(table)) == Row(1, ["a", "b"])
    assert not source.closed
