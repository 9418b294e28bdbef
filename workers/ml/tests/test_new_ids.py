"""Identifiers for many rows at once."""

import time
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from accunode_common.ids import made_at, new_id
from accunode_ml.new_ids import new_ids


@given(st.integers(0, 3000))
def test_identifiers_of_rows_are_of_version_seven_distinct_and_in_order(count: int) -> None:
    before = time.time()
    texts = new_ids(count).to_pylist()
    made = [UUID(text) for text in texts]
    assert texts == [str(identifier) for identifier in made] == sorted(set(texts))
    assert len(texts) == count
    for identifier in made:
        assert (identifier.version, identifier.variant) == (7, new_id().variant)
        when = made_at(identifier)
        assert when is not None
        assert before - 1 < when < time.time() + 1


def test_no_two_calls_share_an_identifier() -> None:
    calls = [set(new_ids(1000).to_pylist()) for _ in range(50)]
    assert len(set().union(*calls)) == sum(map(len, calls))
