"""Frees at once what dead workers held: their leases, and the messages that they had taken and not acknowledged."""

import json
import time
from typing import Any, cast

import psycopg
import redis

from accunode_common.log import get_logger
from accunode_common.tasks.celery import UNACKED_INDEX_KEY, UNACKED_KEY
from accunode_common.tasks.holders import BEAT_SECONDS, STALE_SECONDS
from accunode_common.tasks.messages import Queue, advance_message
from accunode_common.tasks.outbox import enqueue_on_connection
from accunode_common.tasks.waiting import waiting_key
from accunode_credit import leases
from accunode_ml.repositories import holders

logger = get_logger(__name__)


def free_leases(connection: psycopg.Connection) -> int:
    """Free the chunks of processes that are gone, and have their jobs looked at; returns how many jobs."""
    with connection.transaction():
        jobs = leases.free_of_dead(connection)
        for tenant_id, job_id, job_type in jobs:
            enqueue_on_connection(connection, advance_message(job_type, tenant_id, job_id), Queue.MAINTENANCE)
        holders.delete_dead(connection)
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
    held = holders.held_messages(connection)
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
