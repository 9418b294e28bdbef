"""Files that are no tables, or too large, and files made to do harm."""

import io
import re
import zipfile
from collections.abc import Sequence
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from openpyxl import Workbook

from accunode_common.tabular import Cell, Limits, Row, Table, TabularError, open_table


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
