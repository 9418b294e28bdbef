"""How a chunk is committed: with few statements, and without waiting for the disk unless it ends its job."""

from collections.abc import Sequence
from typing import Any

import pytest
from bulk_work import Bulk, annual_csv, healthy
from sqlalchemy import text
from sqlalchemy.orm import Session

from accunode_common.testing.people import World
from accunode_common.testing.statements import at_most, sent_statements
from accunode_credit.models.bulk import Job
from accunode_ml.bulk import score

CHUNK_ROWS = 4
NEW, REPLACING = 27, 26
"""Statements of a chunk from its lease to its commit, however many rows it has."""


def _chunks(bulk: Bulk, world: World, rows: Sequence[Sequence[Any]]) -> list[Any]:
    """Read a file; the messages of its first chunks."""
    bulk.submit(world.one.org_member, annual_csv(rows))
    (reading,) = bulk.messages(world.one.id)
    bulk.perform(reading)
    return bulk.messages(world.one.id)


def _perform(bulk: Bulk, chunk: Any, *, statements: int) -> list[str]:
    with at_most(statements=statements) as sent:
        bulk.perform(chunk)
    return [statement for statement, _ in sent]


def test_a_chunk_of_new_companies_looks_up_no_prediction_and_guards_none(bulk: Bulk, world: World) -> None:
    (chunk,) = _chunks(bulk, world, [healthy(number) for number in range(CHUNK_ROWS)])
    sent = _perform(bulk, chunk, statements=NEW)
    assert not [statement for statement in sent if "sought_predictions" in statement]
    (added,) = (statement for statement in sent if statement.startswith("INSERT INTO credit.predictions"))
    assert "ON CONFLICT" not in added
    assert bulk.job(chunk.job_id)["rows_accepted"] == CHUNK_ROWS


def test_a_chunk_that_replaces_sends_as_many_statements_whatever_its_rows(bulk: Bulk, world: World) -> None:
    bulk.run(world.one.org_member, annual_csv([healthy(number) for number in range(CHUNK_ROWS)]))
    for rows in (1, CHUNK_ROWS):
        (chunk,) = _chunks(bulk, world, [healthy(number) for number in range(rows)])
        _perform(bulk, chunk, statements=REPLACING)
        assert bulk.job(chunk.job_id)["rows_accepted"] == rows
        bulk.work(world.one.id)


def test_only_the_last_chunk_of_a_job_waits_for_the_disk(bulk: Bulk, world: World) -> None:
    first, second = _chunks(bulk, world, [healthy(number) for number in range(2 * CHUNK_ROWS)])
    waits = []
    for chunk in (first, second):
        with sent_statements() as sent:
            bulk.perform(chunk)
        waits.append(not any("synchronous_commit" in statement for statement, _ in sent))
    assert waits == [False, True]


def test_a_chunk_whose_commit_is_lost_is_done_again_and_nothing_of_it_was_kept(
    bulk: Bulk, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = _chunks(bulk, world, [healthy(number) for number in range(3 * CHUNK_ROWS)])
    move_on = score.move_on

    def lose(session: Session, settings: Any, job: Job) -> None:
        """What a crash leaves of a commit that was not on disk yet, while the worker goes on as if it were."""
        move_on(session, settings, job)
        session.flush()
        session.execute(text("rollback"))

    with monkeypatch.context() as crash:
        crash.setattr(score, "move_on", lose)
        bulk.perform(first)
    job_id = first.job_id
    assert (bulk.job(job_id)["chunks_done"], bulk.predictions(job_id)) == (0, [])
    bulk.perform(second)
    bulk.expire(job_id)
    bulk.work(world.one.id)
    job = bulk.job(job_id)
    assert (job["state"], job["rows_accepted"], job["chunks_done"]) == ("completed", 3 * CHUNK_ROWS, 3)
    bulk.check_counts(job_id)
