"""Quotes that open and close where they should not: what is read, and that reading it stays linear."""

import csv
import io
from collections.abc import Iterable, Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from accunode_common.tabular import Limits, TabularError
from accunode_common.tabular.delimited import DelimitedTable

LIMITS = Limits(max_columns=1_000_000)


class Counting(DelimitedTable):
    """Counts the characters that are handed to the CSV parser."""

    work = 0

    def _reader(self, lines: Iterable[str], *, strict: bool) -> Iterator[list[str]]:
        return super()._reader(self._counted(lines), strict=strict)

    def _counted(self, lines: Iterable[str]) -> Iterator[str]:
        for line in lines:
            self.work += len(line)
            yield line


def read(text: str, limits: Limits = LIMITS) -> tuple[list[tuple[int, list[str]]], int]:
    table = Counting(io.BytesIO(text.encode()), limits)
    table.delimiter, table._skip_space, table._declares_separator = ",", False, False
    return [(row.line, [str(cell) for cell in row.cells]) for row in table], table.work


def by_the_rule(text: str) -> list[tuple[int, list[str]]]:
    """The same, literally: the longest record from each line on, or that line alone."""
    lines = io.StringIO(text, newline="").readlines()
    found: list[tuple[int, list[str]]] = []
    place = 0
    while place < len(lines):
        taken = 0

        def following() -> Iterator[str]:
            nonlocal taken
            for line in lines[place:]:  # noqa: B023
                taken += 1
                yield line

        try:
            cells = next(csv.reader(following(), strict=True))
        except csv.Error:
            cells = next(csv.reader([lines[place]]), [])
            if cells:
                cells[-1] = cells[-1].rstrip("\r\n")
            taken = 1
        found.append((place + 1, cells))
        place += taken
    return found


@settings(deadline=None, max_examples=400)
@given(st.text(st.sampled_from('x,"\n'), min_size=1, max_size=60))
def test_a_record_is_the_longest_that_keeps_the_rules_or_one_line(text: str) -> None:
    assert read(text)[0] == by_the_rule(text)


UNITS = ('x","\n', '"x","\n', '"\nx","\n', 'x,"""\n', '"a""\n', '"x\n', ',"\n', 'x, "y","\n', '"a"b\n', '"",""",\n')


@pytest.mark.parametrize("unit", UNITS)
def test_open_quotes_are_read_with_work_in_proportion_to_the_file(unit: str) -> None:
    text = unit * 5_000
    assert read(text)[1] <= 4 * len(text)


@settings(deadline=None, max_examples=60)
@given(st.text(st.sampled_from('x,"\n'), min_size=1, max_size=8), st.text(st.sampled_from('x,"\n'), max_size=4))
def test_no_repeated_line_of_quotes_is_read_often(unit: str, head: str) -> None:
    text = head + unit * 500
    assert read(text)[1] <= 4 * len(text)


def test_a_record_longer_than_a_line_may_be_is_read_line_by_line() -> None:
    text = 'a,b\nc,"\n' + "x,y\n" * 50 + 'z","\n'
    found, work = read(text, Limits(max_line_chars=100))
    assert found[1] == (2, ["c", ""])
    assert found[2:52] == [(line, ["x", "y"]) for line in range(3, 53)]
    assert work <= 4 * len(text)


def test_a_row_with_too_many_cells_is_refused_when_it_is_read() -> None:
    def endless() -> Any:
        table = DelimitedTable(io.BytesIO(b"a,b\n" + b"," * 900_000 + b"\n" + b"1,2\n" * 20_000), Limits())
        return table.blocks(10_000)

    with pytest.raises(TabularError, match=r"Line 2 has more than 256 columns"):
        next(endless())


def test_blocks_end_early_when_their_lines_are_long() -> None:
    line = ",".join(["x" * 30_000] * 20) + "\n"
    table = DelimitedTable(io.BytesIO(b"h\n" + line.encode() * 60), Limits())
    assert [len(block.rows) for block in table.blocks(10_000)] == [28 + 1, 28, 4]
