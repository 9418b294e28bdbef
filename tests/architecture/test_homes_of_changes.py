"""What changes a job or a chunk, and what counts as unfinished, is written in one place of libs/credit each."""

import re
from collections.abc import Iterator, Sequence

import pytest
from tests.architecture.conftest import Source

CREDIT = "libs/credit/src/accunode_credit/"
HOMES = {
    f"{CREDIT}jobs.py": re.compile(r"\b(?:insert|update)\(\s*(?:_JOBS|Job)\b|\b(?:insert into|update) bulk\.jobs\b"),
    f"{CREDIT}leases.py": re.compile(r"\bupdate\(\s*(?:_CHUNKS|Chunk)\b|\bupdate bulk\.chunks\b"),
    f"{CREDIT}models/bulk.py": re.compile(r"'queued',\s*'ingesting',\s*'scoring'"),
}
"""The one module that may say so, and how that is said."""


def said_elsewhere(name: str, text: str) -> Iterator[str]:
    """What a module says that another is the home of."""
    for home, saying in HOMES.items():
        if name != home:
            yield from (f"{name}: {home} says {found.group()!r}" for found in saying.finditer(text))


def test_what_a_job_or_a_chunk_becomes_is_decided_in_one_place(sources: Sequence[Source]) -> None:
    code = [each for each in sources if not each.is_test and "/migrations/" not in each.name]
    assert [fault for each in code for fault in said_elsewhere(each.name, each.text)] == []
    assert {each.name for each in code} >= HOMES.keys()


@pytest.mark.parametrize(
    "text",
    [
        "session.execute(insert(Job).values(state='queued'))",
        "update(_JOBS).where(_JOBS.c.id == job_id)",
        'RAISE = "update bulk.jobs set version = version + 1"',
        "update(Chunk).values(state=ChunkState.READY)",
        "update(\n    _CHUNKS\n).values(attempts=0)",
        'FREE = "update bulk.chunks c set attempts = 0"',
        "where j.state in ('queued', 'ingesting', 'scoring', 'cancelling')",
    ],
)
def test_a_decision_in_another_place_is_found(text: str) -> None:
    assert len(list(said_elsewhere("services/some/src/some.py", text))) == 1
