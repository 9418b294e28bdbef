"""Frees at once what dead workers held: their leases, and the messages that they had taken and not acknowledged."""

import json
import time
from typing import Any, cast

import psycopg
import redis

from accunode_common.log import get_logger
from accunode_common.tasks.celery import UNACKED_INDEX_KEY, UNACKED_KEY
from accunode_common.tasks.holders import BEAT_SECONDS, LIVES, STALE_SECONDS
from accunode_common.tasks.messages import Queue, advance_message
from accunode_common.tasks.outbox import enqueue_on_connection
from accunode_common.tasks.waiting import waiting_key

# One whose worker ended on purpose, as Redis had left it, has failed at nothing. A row that a transaction still holds
# waits for the next time: PostgreSQL ends transactions that stand still.
_FREE = f"""
    with dead as (
        select c.tenant_id, c.job_id, c.number from bulk.chunks c
        where c.state = 'leased' and c.leased_by is not null
          and not exists (select 1 from ops.workers w where w.id = c.leased_by and {LIVES})
        for update of c skip locked
    ), freed as (
        update bulk.chunks c
        set state = 'ready', lease_expires_at = null, leased_by = null, updated_at = now(), attempts = greatest(
            0, attempts - (select count(*) from ops.workers w where w.id = c.leased_by and w.retired)
        )
        from dead d where c.tenant_id = d.tenant_id and c.job_id = d.job_id and c.number = d.number
        returning c.tenant_id, c.job_id
    )
    select distinct j.tenant_id, j.id, j.type
    from freed f join bulk.jobs j on j.tenant_id = f.tenant_id and j.id = f.job_id
    where j.state in ('queued', 'ingesting', 'scoring', 'cancelling')
"""  # noqa: S608
_FORGET = f"delete from ops.workers w where not ({LIVES})"  # noqa: S608
_HELD = f"select unnest(w.messages) from ops.workers w where {LIVES}"  # noqa: S608

logger = get_logger(__name__)


def free_leases(connection: psycopg.Connection) -> int:
    """Free the chunks of processes that are gone, and have their jobs looked at; returns how many jobs."""
    with connection.transaction():
        jobs = connection.execute(_FREE).fetchall()
        for tenant_id, job_id, job_type in jobs:
            enqueue_on_connection(connection, advance_message(job_type, tenant_id, job_id), Queue.MAINTENANCE)
        connection.execute(_FORGET)
    if jobs:
        logger.warning("freed what dead workers held", jobs=[str(job_id) for _, job_id, _ in jobs])
    return len(jobs)


def return_messages(connection: psycopg.Connection, broker: redis.Redis) -> int:
    """Give messages back to their queues that no living worker holds; returns how many.

    A worker names what it holds every few seconds, so only older ones are looked at.

    Raises:
        redis.RedisError: Redis does not answer.
    """
    before = time.time() - STALE_SECONDS - BEAT_SECONDS
    taken = cast(list[str], broker.zrangebyscore(UNACKED_INDEX_KEY, "-inf", before))
    if not taken:
        return 0
    held = {row[0] for row in connection.execute(_HELD)}
    returned = sum(_return(broker, tag) for tag in taken if tag not in held)
    if returned:
        logger.warning("returned messages of dead workers", messages=returned)
    return returned


def _return(broker: redis.Redis, tag: str) -> bool:
    entry = cast(str | None, broker.hget(UNACKED_KEY, tag))
    message, queue = _read(entry) if entry else (None, None)
    with broker.pipeline(transaction=True) as pipe:
        pipe.hdel(UNACKED_KEY, tag)
        pipe.zrem(UNACKED_INDEX_KEY, tag)
        if message is not None and queue is not None:
            # At the end that is taken from next.
            pipe.rpush(waiting_key(queue), message)
        pipe.execute()
    return message is not None


def _read(entry: str) -> tuple[str | None, Queue | None]:
    message, _exchange, routing_key = cast(list[Any], json.loads(entry))
    if routing_key not in set(Queue):
        return None, None
    return json.dumps(message), Queue(routing_key)
