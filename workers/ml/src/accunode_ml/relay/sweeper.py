"""Finds what nobody works on any more, and what is out of date; everything it sends goes through the outbox."""

import time
from uuid import UUID

import psycopg
import redis

from accunode_common.log import get_logger
from accunode_common.tasks.messages import Queue, advance_message
from accunode_common.tasks.outbox import enqueue_on_connection
from accunode_common.tasks.waiting import waiting_key
from accunode_ml.repositories import expired, jobs

REPEAT_SECONDS = 15.0
"""How long a job that was reported is left in peace: the workers may be away."""

LOST_SECONDS = 8.0
"""How long a job may stand still that nobody works on and no message waits for. A worker begins what it takes at once,
so the message went down with the worker that had taken it."""

PURGE_SECONDS = 300.0
MARKER = "accunode:relay:redis-run"

logger = get_logger(__name__)


class Sweeper:
    """Looks through unfinished work. Any number may run: what they send can be done twice."""

    def __init__(self, *, stalled_seconds: float) -> None:
        self._stalled_seconds = stalled_seconds
        self._reported: dict[UUID, float] = {}
        self._purged = 0.0

    def sweep(self, connection: psycopg.Connection, broker: redis.Redis) -> int:
        """Send a message for each job that needs looking after; returns how many.

        Raises:
            redis.RedisError: Redis does not answer.
        """
        new_run = _redis_lost_its_data(broker)
        stalled = jobs.find_stalled(
            connection,
            every=new_run is not None,
            none_waits=not broker.exists(*map(waiting_key, Queue)),
            lost=LOST_SECONDS,
            stalled=self._stalled_seconds,
        )
        now = time.monotonic()
        due = [
            job
            for job in stalled
            if new_run is not None or now - self._reported.get(job[1], -REPEAT_SECONDS) >= REPEAT_SECONDS
        ]
        with connection.transaction():
            for tenant_id, job_id, job_type, lost in due:
                resend = lost or new_run is not None
                enqueue_on_connection(
                    connection, advance_message(job_type, tenant_id, job_id, resend=resend), Queue.MAINTENANCE
                )
        self._reported = {job[1]: now if job in due else self._reported[job[1]] for job in stalled}
        if new_run is not None:
            logger.warning("redis began afresh", jobs=len(due))
            broker.set(MARKER, new_run)
        elif due:
            logger.warning("stalled jobs", jobs=[str(job[1]) for job in due])
        self._purge(connection, now)
        return len(due)

    def _purge(self, connection: psycopg.Connection, now: float) -> None:
        if now - self._purged >= PURGE_SECONDS:
            expired.delete_expired(connection)
            self._purged = now


def _redis_lost_its_data(broker: redis.Redis) -> str | None:
    """The running server's id when it is another than last time, or has forgotten; messages may be lost then."""
    run = str(broker.info("server")["run_id"])
    known = broker.get(MARKER)
    return None if known is not None and known == run else run
