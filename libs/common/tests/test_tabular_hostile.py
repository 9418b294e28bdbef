"""Files made to cost more than they weigh: reading them is work in proportion to their size, or is refused."""

import io
import re
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from accunode_common.tabular import NumberKind, TabularError, open_table, parse_number
from accunode_common.tabular.numbers import COMMA, POINT, Evidence
from accunode_common.testing import hostile
from accunode_common.testing.hostile import CSV, PARQUET, XLSX, workbook

Make = Callable[[int], bytes]
KINDS = [
    pytest.param(make, id=f"{form}: {name}") for form, kinds in hostile.KINDS.items() for name, make in kinds.items()
]


def steps(content: bytes) -> int:
    """How many functions are called to read the file."""
    count = 0

    def count_calls(_frame: Any, event: str, _argument: Any) -> None:
        nonlocal count
        count += event in {"call", "c_call"}

    before = sys.getprofile()
    sys.setprofile(count_calls)
    try:
        hostile.read(content)
    finally:
        sys.setprofile(before)
    return count


@pytest.mark.parametrize("make", KINDS)
def test_twice_the_file_is_at_most_twice_the_work(make: Make) -> None:
    hostile.read(make(100))
    small, large = steps(make(2_000)), steps(make(4_000))
    assert large < 2.2 * small + 1_000


def test_every_kind_is_read_or_refused_within_a_minute() -> None:
    program = (
        "from accunode_common.testing.hostile import KINDS, read\n"
        "for kinds in KINDS.values():\n"
        "    for make in kinds.values(): read(make(40_000))\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-32", "cp1252"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_open_quotes_harm_no_other_line_whatever_the_dialect(delimiter: str, encoding: str, end: str) -> None:
    text = f"n{delimiter}y{end}" + f'x{delimiter}"{delimiter}"{end}' * 2_000 + f"Ä{delimiter}1{end}"
    with open_table(io.BytesIO(text.encode(encoding))) as table:
        found = list(table)
    assert len(found) == 2_002
    assert list(found[-1].cells) == ["Ä", "1"]


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (XLSX["far cells"](10), "too_many_columns"),
        (XLSX["deep elements"](100), "unreadable_file"),
        (XLSX["sheets"](300), "file_too_large"),
        (XLSX["one text, many cells"](300), "file_too_large"),
        (XLSX["styles"](70_000), "unreadable_file"),
        (PARQUET["one long text"](10), "cell_too_long"),
        (PARQUET["one text, many rows"](50_000), "file_too_large"),
        (PARQUET["long lists"](10), "unsupported_format"),
        (CSV["one wide row"](300), "too_many_columns"),
        (workbook("<row><c><v>1</v></c>" + " " * 70_000_000), "file_too_large"),
        (workbook(f'<row><c x="{"y" * 20_000_000}"><v>1</v></c></row>'), "unreadable_file"),
        (workbook('<row r="2"/><row r="1"/>'), "unreadable_file"),
        (workbook('<row><c r="B1"><v>1</v></c><c r="A1"><v>1</v></c></row>'), "unreadable_file"),
        (workbook('<row><c t="s"><v>-1</v></c></row>', strings="<si><t>x</t></si>"), "unreadable_file"),
        (workbook('<row><c t="s"><v>9</v></c></row>', strings="<si><t>x</t></si>"), "unreadable_file"),
    ],
)
def test_what_costs_more_than_a_table_needs_is_refused(content: bytes, code: str) -> None:
    with pytest.raises(TabularError) as refused, open_table(io.BytesIO(content)) as table:
        list(table)
    assert refused.value.code == code
    assert refused.value.message.endswith(".")
    assert len(refused.value.message) < 400


def test_blank_rows_above_a_far_cell_are_left_out_with_a_warning() -> None:
    with open_table(io.BytesIO(XLSX["a far row"](0))) as table:
        assert [row.line for row in table] == [1, 900_000]
        assert table.warnings == ["899,998 blank rows between others of sheet S0 were left out."]


def test_an_archive_of_very_many_parts_is_refused_before_its_directory_is_read() -> None:
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w") as archive:
        for number in range(30_000):
            archive.writestr(f"xl/{number}", b"")
    with pytest.raises(TabularError, match="more parts than a table needs"):
        open_table(sink)


@pytest.mark.parametrize("method", ["ZIP_BZIP2", "ZIP_LZMA"])
def test_a_workbook_is_unpacked_only_where_unpacking_is_bounded(method: str) -> None:
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w", getattr(zipfile, method)) as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr("xl/workbook.xml", "<workbook/>" + " " * 1000)
    with pytest.raises(TabularError, match="unusual way"):
        open_table(sink)


@pytest.mark.parametrize("prefix", ["", "x:", "xf:", "ss:"])
def test_a_workbook_is_read_whatever_its_elements_prefixes(prefix: str) -> None:
    content = workbook('<row r="3"><c r="B3"><v>2</v></c></row>')
    sink = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as source, zipfile.ZipFile(sink, "w") as target:
        for name in source.namelist():
            text = source.read(name).decode()
            if prefix and name.startswith("xl/worksheets/"):
                text = re.sub(r"<(/?)(\w)", rf"<\g<1>{prefix}\2", text)
                text = text.replace("xmlns=", f"xmlns:{prefix[:-1]}=")
            target.writestr(name, text)
    with open_table(sink) as table:
        assert [(row.line, list(row.cells)) for row in table][-1] == (3, [None, 2])


SPACED = st.text(st.sampled_from(" \t()+-.,1x%'"), max_size=6)


@settings(deadline=2_000, max_examples=60)
@given(SPACED, st.sampled_from([" ", "1", "1 ", "1,", "(", " (", ",", "'1"]), SPACED)
@pytest.mark.parametrize("number_format", [POINT, COMMA])
def test_no_cell_of_the_longest_kind_holds_the_reader_up(number_format: Any, head: str, unit: str, tail: str) -> None:
    cell = head + unit * (32_000 // len(unit)) + tail + "y"
    assert parse_number(cell, number_format).kind is not NumberKind.NUMBER
    Evidence().see([cell + ".", cell])


@pytest.mark.parametrize("name", ["a.xlsx", "b.parquet", "c.csv"])
@pytest.mark.parametrize("share", [0.3, 0.6, 0.9, 0.99])
def test_no_refusal_of_a_damaged_file_shows_where_it_lies(tmp_path: Path, name: str, share: float) -> None:
    content = {"a": XLSX["merged ranges"](500), "b": PARQUET["a large dictionary"](500), "c": b"\x81,\n" * 99}[name[0]]
    path = tmp_path / name
    path.write_bytes(content[: int(len(content) * share)])
    with pytest.raises(TabularError) as refused, open_table(path) as table:
        list(table)
    assert not re.search(r"/|\\|line \d+, in", refused.value.message)
