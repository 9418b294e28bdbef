"""Turns between jobs and tenants, and cancelling."""

from typing import Any
from uuid import UUID

from bulk_work import Bulk, annual_csv, healthy

from accunode_common.storage.base import job_prefix
from accunode_common.tasks.messages import AdvanceJob, PurgeFiles, ScoreChunk
from accunode_common.testing.people import World


def _content(count: int) -> bytes:
    return annual_csv([healthy(number) for number in range(count)])


def _cancel(bulk: Bulk, job_id: UUID) -> None:
    """What the upload service does on POST .../cancel."""
    bulk.superuser.execute("update bulk.jobs set state = 'cancelling' where id = %s", [job_id])
    bulk.enqueue(AdvanceJob(tenant_id=bulk.job(job_id)["tenant_id"], job_id=job_id))


def _chunk_messages(messages: list[Any]) -> list[ScoreChunk]:
    return [message for message in messages if isinstance(message, ScoreChunk)]


def test_a_tenant_has_no_more_than_its_share_with_the_workers(bulk: Bulk, world: World) -> None:
    jobs = [bulk.submit(world.one.org_member, _content(20)) for _ in range(3)]
    in_flight: list[ScoreChunk] = []
    for message in bulk.messages(world.one.id):
        bulk.perform(message)
    order: list[UUID] = []
    while in_flight := in_flight + _chunk_messages(bulk.messages(world.one.id)):
        assert len(in_flight) <= bulk.runtime.settings.chunks.in_flight
        message = in_flight.pop(0)
        order.append(message.job_id)
        bulk.perform(message)
    assert len(order) == 15
    assert all(bulk.job(job)["state"] in ("completed", "completed_with_errors") for job in jobs)
    # The jobs take turns: each has begun before any has had its third chunk.
    assert set(order[:6]) == set(jobs)


def test_one_tenants_chunks_do_not_wait_for_anothers(bulk: Bulk, world: World) -> None:
    bulk.submit(world.one.org_member, _content(40))
    bulk.submit(world.two.org_member, _content(4))
    queue: list[Any] = bulk.messages(world.one.id) + bulk.messages(world.two.id)
    scored: list[UUID] = []
    while queue:
        message = queue.pop(0)
        bulk.perform(message)
        scored += [message.tenant_id] if isinstance(message, ScoreChunk) else []
        queue += bulk.messages(world.one.id) + bulk.messages(world.two.id)
    assert len(scored) == 11
    assert scored.index(world.two.id) <= 3


def test_cancelling_stops_before_the_next_chunk(bulk: Bulk, world: World) -> None:
    job_id = bulk.submit(world.one.org_member, _content(20))
    bulk.work(world.one.id, steps=2)
    done = bulk.job(job_id)["chunks_done"]
    _cancel(bulk, job_id)
    bulk.work(world.one.id)
    job = bulk.job(job_id)
    assert job["state"] == "cancelled"
    assert job["finished_at"] is not None
    assert job["chunks_done"] == done
    assert job["rows_accepted"] == len(bulk.predictions(job_id)) < 20
    assert {chunk["state"] for chunk in bulk.chunks(job_id)} <= {"done", "cancelled"}


def test_cancelling_a_queued_job_ends_it_at_once(bulk: Bulk, world: World) -> None:
    job_id = bulk.submit(world.one.org_member, _content(4))
    _cancel(bulk, job_id)
    bulk.work(world.one.id)
    assert (bulk.job(job_id)["state"], bulk.predictions(job_id)) == ("cancelled", [])


def test_cancelling_while_the_file_is_read_stops_the_reader(bulk: Bulk, world: World, monkeypatch: Any) -> None:
    from accunode_ml.bulk import ingest

    job_id = bulk.submit(world.one.org_member, _content(20))
    written = ingest.chunk_file.write_chunk

    def cancel_meanwhile(*args: Any) -> None:
        bulk.superuser.execute("update bulk.jobs set state = 'cancelling' where id = %s", [job_id])
        written(*args)

    monkeypatch.setattr(ingest.chunk_file, "write_chunk", cancel_meanwhile)
    bulk.work(world.one.id)
    assert bulk.job(job_id)["state"] == "cancelled"
    assert bulk.chunks(job_id) == []


def test_a_retried_job_runs_only_what_was_left(bulk: Bulk, world: World) -> None:
    job_id = bulk.submit(world.one.org_member, _content(20))
    bulk.work(world.one.id, steps=3)
    stored = {row["id"]: row["updated_at"] for row in bulk.predictions(job_id)}
    _cancel(bulk, job_id)
    bulk.work(world.one.id)
    assert stored
    # What the upload service does on POST .../retry.
    bulk.superuser.execute("update bulk.chunks set state = 'ready', attempts = 0 where state = 'cancelled'")
    bulk.superuser.execute("update bulk.jobs set state = 'scoring', finished_at = null where id = %s", [job_id])
    bulk.enqueue(AdvanceJob(tenant_id=world.one.id, job_id=job_id))
    bulk.work(world.one.id)
    job = bulk.job(job_id)
    assert (job["state"], job["rows_accepted"]) == ("completed", 20)
    after = {row["id"]: row["updated_at"] for row in bulk.predictions(job_id)}
    assert stored.items() <= after.items()
    bulk.check_counts(job_id)


def test_of_what_is_stored_the_upload_is_kept_until_its_job_is_deleted(bulk: Bulk, world: World) -> None:
    member = world.one.org_member
    kept, gone = (bulk.run(member, _content(4))["id"] for _ in range(2))
    bulk.superuser.execute("update credit.predictions set job_id = null, row_number = null where job_id = %s", [gone])
    bulk.superuser.execute("delete from bulk.jobs where id = %s", [gone])
    for job_id in (kept, gone):
        bulk.perform(PurgeFiles(tenant_id=member.tenant_id, job_id=job_id))
    storage = bulk.runtime.storage
    assert list(storage.list(job_prefix(member.tenant_id, kept))) == [bulk.job(kept)["file_key"]]
    assert not list(storage.list(job_prefix(member.tenant_id, gone)))
