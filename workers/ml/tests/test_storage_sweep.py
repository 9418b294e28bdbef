"""The sweep of the store: what no living job needs goes, and nothing else."""

import os
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import psycopg
import pytest
import redis
from bulk_work import Bulk, annual_csv, healthy

from accunode_common.db.access import DatabaseRole
from accunode_common.ids import PLATFORM_TENANT_ID, new_id
from accunode_common.storage.base import job_prefix
from accunode_common.tasks.messages import SweepStorage
from accunode_common.testing.database import TestDatabase
from accunode_common.testing.people import World
from accunode_devstack.throwaway import throwaway_redis
from accunode_ml.bulk.sweep import created_at, sweep_storage
from accunode_ml.relay.hourly import HourlyRound

HOURS_AGO = 24


def _older(identifier: UUID, hours: float) -> UUID:
    """The identifier that would have been made so long ago."""
    return UUID(int=identifier.int - (int(hours * 3_600_000) << 80))


def _sweep(bulk: Bulk) -> None:
    sweep_storage(bulk.runtime, SweepStorage(tenant_id=PLATFORM_TENANT_ID))


def _keys(bulk: Bulk, tenant_id: UUID, job_id: UUID) -> list[str]:
    prefix = job_prefix(tenant_id, job_id)
    return [key.removeprefix(f"{prefix}/").split("/")[0] for key in bulk.runtime.storage.list(prefix)]


def _submitted_long_ago(bulk: Bulk, world: World) -> UUID:
    """A job of 8 rows whose identifier is old; its first message waits."""
    job_id = bulk.submit(world.one.org_member, annual_csv([healthy(number) for number in range(8)]))
    old = _older(job_id, HOURS_AGO)
    source = bulk.job(job_id)["file_key"]
    target = f"{job_prefix(world.one.id, old)}/upload"
    bulk.runtime.storage.put(target, b"".join(bulk.runtime.storage.get(source)))
    bulk.runtime.storage.delete(source)
    bulk.superuser.execute("update bulk.jobs set id = %s, file_key = %s where id = %s", [old, target, job_id])
    bulk.superuser.execute(
        "update ops.outbox set payload = payload || jsonb_build_object('job_id', %s::text) where tenant_id = %s",
        [str(old), world.one.id],
    )
    return old


def test_identifiers_tell_when_they_were_made() -> None:
    made = created_at(_older(new_id(), 2))
    assert abs(datetime.now(UTC) - timedelta(hours=2) - made) < timedelta(seconds=5)


@pytest.mark.parametrize(("hours", "kept"), [(HOURS_AGO, False), (0.1, True)])
def test_files_of_a_job_that_is_gone_go_when_no_upload_can_be_under_way(
    bulk: Bulk, world: World, hours: float, kept: bool
) -> None:
    job_id = _older(new_id(), hours)
    bulk.runtime.storage.put(f"{job_prefix(world.one.id, job_id)}/upload", b"x")
    bulk.runtime.storage.put(f"{job_prefix(world.one.id, job_id)}/chunks/1/1.parquet", b"x")
    _sweep(bulk)
    assert bool(_keys(bulk, world.one.id, job_id)) == kept


def test_a_job_that_is_under_way_keeps_everything_and_one_that_is_done_its_upload(bulk: Bulk, world: World) -> None:
    job_id = _submitted_long_ago(bulk, world)
    (ingest,) = bulk.messages(world.one.id)
    bulk.perform(ingest)
    before = _keys(bulk, world.one.id, job_id)
    assert set(before) == {"chunks", "upload"}
    _sweep(bulk)
    assert _keys(bulk, world.one.id, job_id) == before
    for message in bulk.messages(world.one.id):
        bulk.perform(message)
    # The message to purge is lost, with Redis for instance.
    assert bulk.messages(world.one.id)
    assert bulk.job(job_id)["state"] == "completed"
    bulk.superuser.execute("update bulk.jobs set finished_at = now() - interval '2 hours' where id = %s", [job_id])
    _sweep(bulk)
    assert _keys(bulk, world.one.id, job_id) == ["upload"]


def test_an_upload_that_a_killed_service_left_goes_and_one_under_way_stays(bulk: Bulk, world: World) -> None:
    folder = Path(bulk.runtime.settings.storage.url.removeprefix("file://")) / job_prefix(world.one.id, new_id())
    folder.mkdir(parents=True)
    left, under_way = folder / ".upload.abc.partial", folder / ".upload.def.partial"
    for path in (left, under_way):
        path.write_bytes(b"x")
    long_ago = time.time() - HOURS_AGO * 3600
    os.utime(left, (long_ago, long_ago))
    _sweep(bulk)
    assert (left.exists(), under_way.exists()) == (False, True)


def test_the_relay_asks_for_a_sweep_once_an_hour_and_when_redis_has_begun_afresh(
    bulk: Bulk, test_database: TestDatabase
) -> None:
    def asked() -> int:
        taken = bulk.superuser.execute("delete from ops.outbox where task = %s", [SweepStorage.task])
        return taken.rowcount

    with (
        throwaway_redis() as server,
        redis.Redis.from_url(server.url, decode_responses=True) as broker,
        psycopg.connect(test_database.url(DatabaseRole.RELAY), autocommit=True) as relay,
    ):
        asked()
        rounds = [HourlyRound(), HourlyRound()]
        assert [each.start_if_due(relay, broker) for each in rounds] == [True, False]
        assert asked() == 1
        broker.flushall()
        assert [each.start_if_due(relay, broker) for each in rounds] == [True, False]
        assert asked() == 1
