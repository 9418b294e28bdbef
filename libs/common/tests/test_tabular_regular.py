"""The regular stretches of text tables have the rows that the careful reader finds there."""

import io

from hypothesis import example, given, settings
from hypothesis import strategies as st

from accunode_common.tabular import Limits
from accunode_common.tabular.delimited import DelimitedTable, Place
from accunode_common.tabular.regular import RegularStretches

CELL = st.one_of(
    st.text("ab 1.é", max_size=4),
    st.text('ab,\n"', max_size=4).map(lambda text: '"' + text.replace('"', '""') + '"'),
    st.text('a"\r\n', max_size=4),
)
LINE = st.one_of(st.lists(CELL, min_size=3, max_size=3), st.lists(CELL, max_size=4)).map(",".join)
FILE = st.tuples(st.lists(LINE, min_size=1, max_size=12), st.sampled_from(["\n", "\r\n"]), st.booleans()).map(
    lambda parts: parts[1].join(parts[0]) + (parts[1] if parts[2] else "")
)


def careful(table: DelimitedTable, place: Place | None = None) -> list[tuple[int, list[object]]]:
    return [
        (line, list(cells))
        for block in table.blocks(1, start=place)
        for line, cells in zip(block.lines, block.rows, strict=True)
    ]


@settings(deadline=None)
@given(FILE, st.sampled_from(["utf-8", "utf-8-sig", "cp1252"]), st.sampled_from([8, 20, 1000]))
@example('a,b,c\n"x,y\nz",1,2\n1,2,3\n', "utf-8", 1000)
@example('a,b,c\n1,2\r,3\n4,5,6\n"7"8,9,0\n', "utf-8", 1000)
def test_regular_lines_are_the_rows_that_stand_there_and_the_rest_can_be_read_from_their_end(
    text: str, encoding: str, size: int
) -> None:
    table = DelimitedTable(io.BytesIO(text.encode(encoding)), Limits())
    whole = careful(table)
    if table.delimiter != ",":
        return
    for _ in table.blocks(1):
        place = table.place
        if place is None:
            continue
        before = [(line, cells) for line, cells in whole if line < place.line]
        assert place.rows == len(before)
        lines = RegularStretches(table, 3, piece_bytes=size, fewest_lines=1).at(place)
        rows = []
        if lines is not None:
            rows = [(lines.first_line + index, lines.cells(index)) for index in range(len(lines))]
            assert (lines.end.line, lines.end.rows) == (place.line + len(rows), place.rows + len(rows))
            place = lines.end
        assert before + rows + careful(table, place) == whole
        return


def test_lines_are_regular_until_one_has_other_cells_an_open_quote_or_a_stray_sign() -> None:
    for odd in (b"1,2", b"1,2,3,4", b"", b'"1,2,3', b'"1"2,3,4', b"1\r,2,3", b"1\x00,2,3", b"x" * 50 + b",2,3"):
        content = b'name,b,c\r\n1,2,3\n"a ""b"", c",5" pipe,6\r\n' + odd + b"\n7,8,9" * 50
        table = DelimitedTable(io.BytesIO(content), Limits(max_cell_chars=50))
        next(iter(table.blocks(1)))
        assert table.place is not None
        stretches = RegularStretches(table, 3, piece_bytes=1_000_000, fewest_lines=2)
        lines = stretches.at(table.place)
        assert lines is not None
        assert [lines.cells(index) for index in range(len(lines))] == [["1", "2", "3"], ['a "b", c', '5" pipe', "6"]]
        assert lines.end.line == 4
        assert stretches.at(lines.end) is None
        assert stretches.lines_before_next(lines.end) == 1


def test_no_regular_lines_are_looked_for_where_bytes_are_not_signs() -> None:
    for text, encoding in (("a,b\n1,2\n", "utf-16"), ("sep=*\na*b\n1*2\n", "utf-8"), ('a,b\n1, "2"\n', "utf-8")):
        table = DelimitedTable(io.BytesIO(text.encode(encoding)), Limits())
        for _ in table.blocks(1):
            assert table.place is None
