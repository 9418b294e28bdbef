"""The relay frees what dead workers held: their leases by what PostgreSQL knows, their messages by what Redis has."""

import dataclasses
import json
import time
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import psycopg
import pytest
import redis
from bulk_processes import wait_until
from bulk_work import Bulk, annual_csv, healthy

from accunode_common.db.access import DatabaseRole
from accunode_common.tasks.celery import UNACKED_INDEX_KEY, UNACKED_KEY
from accunode_common.tasks.holders import STALE_SECONDS, Holder
from accunode_common.tasks.messages import Queue
from accunode_common.tasks.waiting import waiting_key
from accunode_common.testing.database import TestDatabase
from accunode_common.testing.people import World
from accunode_credit import leases
from accunode_credit.leases import Lease, LeaseLostError
from accunode_devstack.throwaway import throwaway_redis
from accunode_ml.jobs import tenant_context
from accunode_ml.relay.dead_workers import free_leases, return_messages

LONG_AGO = 10 * STALE_SECONDS


@pytest.fixture
def relay(test_database: TestDatabase, superuser: psycopg.Connection) -> Iterator[psycopg.Connection]:
    """The relay's own connection, and no process that another test left."""
    superuser.execute("delete from ops.workers")
    with psycopg.connect(test_database.url(DatabaseRole.RELAY), autocommit=True) as connection:
        free_leases(connection)
        yield connection


@pytest.fixture
def broker() -> Iterator[redis.Redis]:
    with throwaway_redis() as server, redis.Redis.from_url(server.url, decode_responses=True) as client:
        yield client


def _leased(bulk: Bulk, world: World, holder: Holder) -> tuple[UUID, Lease]:
    job_id = bulk.submit(world.one.org_member, annual_csv([healthy(number) for number in range(8)]))
    (ingest,) = bulk.messages(world.one.id)
    bulk.perform(ingest)
    _, second = bulk.messages(world.one.id)
    bulk.perform(second)
    with bulk.runtime.database.transaction(tenant_context(world.one.id)) as session:
        lease = leases.take(session, holder, tenant_id=world.one.id, job_id=job_id, number=1, seconds=600)
    assert lease is not None
    return job_id, lease


@pytest.mark.parametrize(
    ("end", "attempts"),
    [
        ("delete from ops.workers where id = %(id)s", 1),
        ("update ops.workers set beat_at = clock_timestamp() - make_interval(secs => %(ago)s) where id = %(id)s", 1),
        ("update ops.workers set retired = true where id = %(id)s", 0),
    ],
    ids=["gone", "silent", "retired"],
)
def test_a_lease_whose_holder_is_dead_is_free_at_once_and_its_job_goes_on(
    bulk: Bulk, world: World, relay: psycopg.Connection, end: str, attempts: int
) -> None:
    holder = Holder.here()
    job_id, lease = _leased(bulk, world, holder)
    assert free_leases(relay) == 0
    # A server that has just started counts nobody as silent.
    wait_until(lambda: _server_has_been_up(bulk), seconds=2 * STALE_SECONDS)
    bulk.superuser.execute(end, {"id": holder.id, "ago": LONG_AGO})
    assert free_leases(relay) == 1
    assert free_leases(relay) == 0
    (chunk, _) = bulk.chunks(job_id)
    assert (chunk["state"], chunk["leased_by"], chunk["attempts"]) == ("ready", None, attempts)
    assert bulk.rows("select id from ops.workers where id = %s", holder.id) == []
    with (
        pytest.raises(LeaseLostError),
        bulk.runtime.database.transaction(tenant_context(world.one.id)) as session,
    ):
        leases.hold(session, lease)
    bulk.work(world.one.id)
    assert bulk.job(job_id)["state"] == "completed"
    bulk.check_counts(job_id)


def _server_has_been_up(bulk: Bulk) -> bool:
    """For longer than a holder may be silent."""
    query = "select clock_timestamp() - pg_postmaster_start_time() > make_interval(secs => %s) as up"
    return bool(bulk.rows(query, STALE_SECONDS)[0]["up"])


def test_a_lease_of_a_living_process_is_left_alone_and_its_own_process_gets_it_again(
    bulk: Bulk, world: World, relay: psycopg.Connection
) -> None:
    holder = Holder.here()
    job_id, lease = _leased(bulk, world, holder)
    assert free_leases(relay) == 0
    other = dataclasses.replace(Holder.here(), pid=1)
    for asks, gets in ((other, False), (holder, True)):
        with bulk.runtime.database.transaction(tenant_context(world.one.id)) as session:
            again = leases.take(session, asks, tenant_id=world.one.id, job_id=job_id, number=1, seconds=600)
        assert (again is not None) == gets
    assert again is not None
    assert (again.fence, again.attempt) == (lease.fence + 1, lease.attempt)


def _taken(broker: redis.Redis, tag: str, body: str, *, seconds_ago: float, queue: str = Queue.BULK) -> None:
    entry: list[Any] = [{"body": body, "properties": {"delivery_tag": tag}}, "", queue]
    broker.hset(UNACKED_KEY, tag, json.dumps(entry))
    broker.zadd(UNACKED_INDEX_KEY, {tag: time.time() - seconds_ago})


def test_messages_of_dead_workers_go_back_to_their_queues(
    bulk: Bulk, relay: psycopg.Connection, broker: redis.Redis
) -> None:
    holder = Holder.here()
    bulk.superuser.execute(
        "insert into ops.workers (id, worker_id, host, pid, messages) values (%s, %s, %s, %s, %s)",
        [holder.id, holder.worker_id, holder.host, holder.pid, ["held"]],
    )
    for tag, ago in (("held", LONG_AGO), ("orphan", LONG_AGO), ("fresh", 0)):
        _taken(broker, tag, tag, seconds_ago=ago)
    _taken(broker, "probe", "probe", seconds_ago=LONG_AGO, queue="probe.of-a-dead-worker")
    assert return_messages(relay, broker) == 1
    assert set(broker.hkeys(UNACKED_KEY)) == set(broker.zrange(UNACKED_INDEX_KEY, 0, -1)) == {"held", "fresh"}
    (message,) = broker.lrange(waiting_key(Queue.BULK), 0, -1)
    assert json.loads(message)["body"] == "orphan"
    assert return_messages(relay, broker) == 0
