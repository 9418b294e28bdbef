"""Tasks that run twice, late, in the wrong order, or stop half-way."""

import shutil
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from types import ModuleType
from typing import Any
from uuid import UUID

import pytest
from bulk_work import Bulk, annual_csv, healthy

from accunode_common.tasks.messages import AdvanceJob, IngestFile, ScoreChunk
from accunode_common.testing.people import World
from accunode_credit import leases
from accunode_credit.leases import WHOLE_JOB
from accunode_ml.bulk import score
from accunode_ml.bulk.ingest import ingest_file
from accunode_ml.bulk.score import score_chunk
from accunode_ml.jobs import tenant_context
from accunode_ml.repositories import chunks, companies, incoming, jobs, predictions
from accunode_ml.runtime import Runtime


def _content(count: int = 10) -> bytes:
    return annual_csv([healthy(number) for number in range(count)])


def _ingested(bulk: Bulk, world: World, content: bytes, **values: Any) -> tuple[UUID, list[Any]]:
    """A job whose file is read, and the messages of its first chunks."""
    job_id = bulk.submit(world.one.org_member, content, **values)
    (first,) = bulk.messages(world.one.id)
    bulk.perform(first)
    return job_id, bulk.messages(world.one.id)


def test_every_message_may_come_twice(bulk: Bulk, world: World) -> None:
    job_id = bulk.submit(world.one.org_member, _content())
    seen = []
    while messages := bulk.messages(world.one.id):
        for message in messages:
            bulk.perform(message)
            bulk.perform(message)
            seen.append(message)
    for message in seen:
        bulk.perform(message)
    job = bulk.job(job_id)
    assert (job["state"], job["rows_accepted"], job["chunks_done"]) == ("completed", 10, 3)
    assert bulk.messages(world.one.id) == []
    bulk.check_counts(job_id)


def test_a_late_worker_cannot_finish_a_chunk_that_another_has_taken(
    bulk: Bulk, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    job_id, messages = _ingested(bulk, world, _content(4))
    scored = score.score_rows

    def overtaken(*args: Any) -> Any:
        monkeypatch.setattr(score, "score_rows", scored)
        bulk.superuser.execute(
            "update bulk.chunks set lease_expires_at = now() - interval '1 second' where job_id = %s", [job_id]
        )
        bulk.perform(messages[0])
        assert bulk.job(job_id)["state"] == "completed"
        return scored(*args)

    monkeypatch.setattr(score, "score_rows", overtaken)
    bulk.perform(messages[0])
    assert bulk.job(job_id)["rows_accepted"] == 4
    (chunk,) = bulk.chunks(job_id)
    assert (chunk["state"], chunk["fence"], chunk["attempts"]) == ("done", 2, 2)
    bulk.check_counts(job_id)


def test_a_late_reader_of_the_file_cannot_finish(bulk: Bulk, world: World, runtime: Runtime) -> None:
    job_id = bulk.submit(world.one.org_member, _content())
    (message,) = bulk.messages(world.one.id)
    with runtime.database.transaction(tenant_context(world.one.id)) as session:
        job = jobs.lock(session, world.one.id, job_id)
        assert job is not None
        chunks.ensure_whole_job(session, job)
        late = leases.take(session, runtime.holder, tenant_id=world.one.id, job_id=job_id, number=WHOLE_JOB, seconds=0)
    assert late is not None
    bulk.perform(message)
    assert bulk.job(job_id)["state"] == "scoring"
    with (
        pytest.raises(leases.LeaseLostError),
        runtime.database.transaction(tenant_context(world.one.id)) as session,
    ):
        leases.hold(session, late)


@pytest.mark.parametrize(
    ("part", "step"),
    [(companies, "find"), (companies, "add"), (incoming, "copy"), (predictions, "add"), (leases, "complete")],
    ids=lambda value: value if isinstance(value, str) else value.__name__.rpartition(".")[2],
)
def test_a_crash_between_any_two_steps_leaves_nothing_behind(
    bulk: Bulk, world: World, monkeypatch: pytest.MonkeyPatch, part: ModuleType, step: str
) -> None:
    job_id, messages = _ingested(bulk, world, _content(4))

    def crash(*_: Any) -> Any:
        raise RuntimeError("power cut")

    with monkeypatch.context() as patch:
        patch.setattr(part, step, crash)
        bulk.perform(messages[0])
    assert bulk.predictions(job_id) == []
    assert bulk.rows("select 1 from credit.companies where tenant_id = %s", world.one.id) == []
    bulk.expire(job_id)
    bulk.work(world.one.id)
    assert (bulk.job(job_id)["state"], bulk.chunks(job_id)[0]["attempts"]) == ("completed", 2)
    bulk.check_counts(job_id)


def test_a_reader_that_crashed_is_followed_by_one_that_begins_afresh(
    bulk: Bulk, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    from accunode_ml.bulk import ingest

    rows = [healthy(number) for number in range(10)]
    rows[1][2] = "nonsense"
    job_id = bulk.submit(world.one.org_member, annual_csv(rows))
    (message,) = bulk.messages(world.one.id)
    finish = ingest.FileReading._finish

    def crash(self: Any, report: Any) -> None:
        self._last_step = -1e9
        self._write_if_due()
        raise RuntimeError("power cut")

    with monkeypatch.context() as patch:
        patch.setattr(ingest.FileReading, "_finish", crash)
        bulk.perform(message)
    assert ingest.FileReading._finish is finish
    job = bulk.job(job_id)
    assert (job["state"], job["rows_total"], job["rows_rejected"]) == ("ingesting", 10, 1)
    bulk.expire(job_id)
    bulk.work(world.one.id)
    job = bulk.job(job_id)
    assert (job["state"], job["rows_accepted"], job["rows_rejected"]) == ("completed_with_errors", 9, 1)
    bulk.check_counts(job_id)


def test_a_chunk_that_fails_three_times_is_quarantined_and_the_others_go_on(
    bulk: Bulk, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    job_id, messages = _ingested(bulk, world, _content(10))
    scored = score.score_rows

    def poisoned(rows: Any, *args: Any) -> Any:
        if "Company 5" in rows["name"].to_pylist():
            raise ValueError("poison")
        return scored(rows, *args)

    monkeypatch.setattr(score, "score_rows", poisoned)
    for message in messages:
        bulk.perform(message)
    bulk.work(world.one.id)
    for _ in range(2):
        bulk.expire(job_id)
        bulk.work(world.one.id)
    job = bulk.job(job_id)
    assert (job["state"], job["rows_accepted"], job["rows_rejected"]) == ("completed_with_errors", 6, 4)
    assert [chunk["state"] for chunk in bulk.chunks(job_id)] == ["done", "quarantined", "done"]
    assert [issue["row_number"] for issue in bulk.issues(job_id)] == [6, 7, 8, 9]
    assert {issue["code"] for issue in bulk.issues(job_id)} == {"chunk_failed"}
    bulk.check_counts(job_id)


def test_a_chunk_whose_workers_all_died_is_quarantined(bulk: Bulk, world: World, runtime: Runtime) -> None:
    job_id, messages = _ingested(bulk, world, _content(4))
    for _ in range(3):
        with runtime.database.transaction(tenant_context(world.one.id)) as session:
            assert leases.take(session, runtime.holder, tenant_id=world.one.id, job_id=job_id, number=1, seconds=0)
    bulk.perform(messages[0])
    job = bulk.job(job_id)
    assert (job["state"], job["rows_rejected"]) == ("completed_with_errors", 4)
    bulk.check_counts(job_id)


def test_a_file_that_kills_its_readers_fails_the_job(bulk: Bulk, world: World, runtime: Runtime) -> None:
    job_id = bulk.submit(world.one.org_member, _content())
    with runtime.database.transaction(tenant_context(world.one.id)) as session:
        job = jobs.lock(session, world.one.id, job_id)
        assert job is not None
        chunks.ensure_whole_job(session, job)
        for _ in range(3):
            leases.take(session, runtime.holder, tenant_id=world.one.id, job_id=job_id, number=WHOLE_JOB, seconds=-1)
    bulk.work(world.one.id)
    found = bulk.job(job_id)
    assert (found["state"], found["error_code"]) == ("failed", "ingest_failed")


def test_a_lost_stored_file_fails_the_job_after_three_tries(bulk: Bulk, world: World) -> None:
    job_id = bulk.submit(world.one.org_member, _content())
    bulk.runtime.storage.delete(bulk.job(job_id)["file_key"])
    bulk.work(world.one.id)
    for _ in range(2):
        bulk.expire(job_id)
        bulk.work(world.one.id)
    found = bulk.job(job_id)
    assert (found["state"], found["error_code"]) == ("failed", "ingest_failed")


def test_lost_messages_are_sent_again(bulk: Bulk, world: World) -> None:
    job_id = bulk.submit(world.one.org_member, _content())
    bulk.messages(world.one.id)
    bulk.enqueue(AdvanceJob(tenant_id=world.one.id, job_id=job_id, resend=True))
    for message in bulk.messages(world.one.id):
        bulk.perform(message)
    (ingest,) = bulk.messages(world.one.id)
    bulk.perform(ingest)
    assert len(bulk.messages(world.one.id)) == 2
    bulk.enqueue(AdvanceJob(tenant_id=world.one.id, job_id=job_id, resend=True))
    bulk.work(world.one.id)
    assert bulk.job(job_id)["state"] == "completed"
    bulk.check_counts(job_id)


def test_a_job_is_not_sent_again_while_it_runs(bulk: Bulk, world: World) -> None:
    job_id, first = _ingested(bulk, world, _content())
    bulk.enqueue(AdvanceJob(tenant_id=world.one.id, job_id=job_id))
    bulk.work(world.one.id)
    assert len(first) == 2
    assert [chunk["attempts"] for chunk in bulk.chunks(job_id)] == [0, 0, 0]


def test_chunks_of_the_same_companies_stored_at_once_lose_and_repeat_nothing(bulk: Bulk, world: World) -> None:
    rows = [healthy(number % 8, year=2000 + number // 8) for number in range(80)]
    job_id, _ = _ingested(bulk, world, annual_csv(rows))
    other = bulk.submit(world.one.org_admin, annual_csv(list(reversed(rows))))
    ingest_file(bulk.runtime, IngestFile(tenant_id=world.one.id, job_id=other))
    chunks = [
        ScoreChunk(tenant_id=world.one.id, job_id=job, number=number)
        for number in range(1, 21)
        for job in (job_id, other)
    ]
    barrier = threading.Barrier(4)

    def work(part: list[ScoreChunk]) -> None:
        barrier.wait()
        for message in part:
            score_chunk(bulk.runtime, message)

    with ThreadPoolExecutor(4) as pool:
        for done in [pool.submit(work, chunks[start::4]) for start in range(4)]:
            done.result()
    bulk.work(world.one.id)
    for job in (job_id, other):
        found = bulk.job(job)
        assert found["state"] in ("completed", "completed_with_errors"), found
        assert found["rows_accepted"] + found["rows_rejected"] == 80
        assert {issue["code"] for issue in bulk.issues(job)} <= {"not_editable"}
    assert len(bulk.rows("select 1 from credit.companies where tenant_id = %s", world.one.id)) == 8
    assert len(bulk.rows("select 1 from credit.predictions where tenant_id = %s", world.one.id)) == 80


@pytest.fixture(autouse=True)
def _objects_are_gone_afterwards(runtime: Runtime) -> Iterator[None]:
    yield
    shutil.rmtree(runtime.settings.storage.url.removeprefix("file://"), ignore_errors=True)


def test_two_chunks_that_end_at_once_do_not_wait_for_each_other(bulk: Bulk, world: World) -> None:
    rows = [healthy(number) for number in range(80)]
    job_id, _ = _ingested(bulk, world, annual_csv(rows))
    before = bulk.rows("select deadlocks from pg_stat_database where datname = current_database()")
    chunks = [ScoreChunk(tenant_id=world.one.id, job_id=job_id, number=number) for number in range(1, 21)]
    with ThreadPoolExecutor(3) as pool:
        list(pool.map(lambda message: score_chunk(bulk.runtime, message), chunks))
    assert bulk.job(job_id)["state"] == "completed"
    bulk.superuser.execute("select pg_stat_clear_snapshot()")
    assert bulk.rows("select deadlocks from pg_stat_database where datname = current_database()") == before
