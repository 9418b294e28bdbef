"""Which rows of a file repeat earlier ones."""

from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from accunode_ml.ingest.duplicates import DuplicateIndex, row_contents, row_keys

VALUE = st.sampled_from([0.0, -0.0, 1.0, float("nan")])
ROW = st.tuples(st.sampled_from("abc"), st.integers(2013, 2014), st.integers(0, 2), st.tuples(VALUE, VALUE))


def content(values: tuple[float, ...]) -> list[str]:
    return [str(value + 0.0) for value in values]


@settings(deadline=None)
@given(st.lists(st.lists(ROW, max_size=12), max_size=5))
def test_each_row_is_told_the_first_of_its_company_and_period_and_whether_it_says_the_same(
    blocks: list[list[Any]],
) -> None:
    index, seen, line = DuplicateIndex(), dict[Any, tuple[int, list[str]]](), 0
    for rows in blocks:
        lines = np.arange(line, line + len(rows))
        line += len(rows)
        first, same = index.add(
            row_keys(
                [row[0] for row in rows],
                np.array([row[1] for row in rows], dtype=np.int16),
                np.array([row[2] for row in rows], dtype=np.int8),
            ),
            row_contents(np.array([row[3] for row in rows], dtype=np.float64).reshape(-1, 2)),
            lines,
        )
        for place, (*key, values) in enumerate(rows):
            earlier = seen.setdefault(tuple(key), (int(lines[place]), content(values)))
            assert (first[place], same[place]) == (earlier[0], earlier[1] == content(values))


def test_an_index_keeps_what_it_knows_as_it_grows() -> None:
    index, rows = DuplicateIndex(), 50_000
    names = [str(number) for number in range(rows)]
    keys = row_keys(names, np.full(rows, 2014, dtype=np.int16), np.zeros(rows, dtype=np.int8))
    contents = row_contents(np.arange(rows, dtype=np.float64)[:, None])
    for start in range(0, rows, 7_000):
        part = slice(start, start + 7_000)
        first, _ = index.add(keys[part], contents[part], np.arange(rows)[part])
        np.testing.assert_array_equal(first, np.arange(rows)[part])
    first, same = index.add(keys, contents, np.arange(rows) + rows)
    np.testing.assert_array_equal(first, np.arange(rows))
    assert same.all()
