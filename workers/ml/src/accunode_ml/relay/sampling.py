"""Measures queues and workers once a minute, for the scaling policy and for whoever watches."""

import time
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import psycopg
import redis
from psycopg.rows import class_row, dict_row
from psycopg.types.json import Jsonb

from accunode_common.tasks.holders import LIVES
from accunode_common.tasks.messages import Queue
from accunode_common.tasks.waiting import message_age, waiting_key
from accunode_ml.counting import Ended

COUNTED_SECONDS = 120
"""Counts older than this belong to no minute that is measured now: no relay ran."""

MOST_COUNTS = 20_000
"""How many rows of counts one sample takes, the newest first, so that what gathered without a relay holds nothing up.
Six workers write some 500 a minute."""

_LEFT = "select 60 - extract(second from clock_timestamp())::float"

_NOW = f"""
    select
        (select count(*) from ops.outbox) as outbox_length,
        (select count(*) from ops.workers w where w.id = w.worker_id and {LIVES}) as workers_alive,
        (select count(*) from ops.workers w
            where w.id = w.worker_id and {LIVES} and cardinality(w.messages) > 0) as workers_busy,
        (select count(*) from bulk.chunks c
            where c.state = 'leased' and c.lease_expires_at >= clock_timestamp()) as leases
"""  # noqa: S608
_ENDED = """
    with taken as (
        delete from ops.task_counts where id in (select id from ops.task_counts order by id desc limit %(most)s)
        returning *
    )
    select queue, sum(finished)::int as finished, sum(failed)::int as failed,
        sum(waited_seconds)::float as waited_seconds, sum(ran_seconds)::float as ran_seconds
    from taken where counted_at >= clock_timestamp() - make_interval(secs => %(seconds)s) group by queue
"""
_KEEP = """
    insert into ops.scaling_samples
        (minute, waiting, oldest_seconds, tasks, queue_length, outbox_length, workers_alive, workers_busy, leases)
    values (date_trunc('minute', clock_timestamp()), %(waiting)s, %(oldest_seconds)s, %(tasks)s, %(queue_length)s,
        %(outbox_length)s, %(workers_alive)s, %(workers_busy)s, %(leases)s)
    on conflict (minute) do nothing
    returning *
"""


@dataclass(frozen=True, slots=True)
class Sample:
    """A row of `ops.scaling_samples`, whose model says what is what."""

    minute: datetime
    waiting: dict[str, int]
    oldest_seconds: dict[str, float | None]
    tasks: dict[str, dict[str, Any]]
    queue_length: int
    outbox_length: int
    workers_alive: int
    workers_busy: int
    leases: int

    def ended(self) -> dict[str, Ended]:
        """What ended since the sample before, by queue."""
        return {queue: Ended(**of) for queue, of in self.tasks.items()}


class Sampler:
    """Takes one sample in each minute of the database's clock. Of several relays one does: the first of the minute."""

    def __init__(self) -> None:
        self._due_at = 0.0

    def sample_if_due(self, connection: psycopg.Connection, broker: redis.Redis) -> Sample | None:
        """The minute's sample, if it is due and this relay has taken it.

        Raises:
            redis.RedisError: Redis does not answer.
        """
        if time.monotonic() < self._due_at:
            return None
        # By this machine's clock, a little apart from the database's, every other minute could be missed. Asked for
        # before the sample, which may itself take until the next minute.
        (left,) = connection.execute(_LEFT).fetchone() or (0.0,)
        due_at = time.monotonic() + left
        sample = take_sample(connection, broker)
        self._due_at = due_at
        return sample


def take_sample(connection: psycopg.Connection, broker: redis.Redis) -> Sample | None:
    """Measure, and keep it as this minute's sample; None if the minute has one.

    Raises:
        redis.RedisError: Redis does not answer.
    """
    waiting, oldest = _queues(broker)
    counted = {"seconds": COUNTED_SECONDS, "most": MOST_COUNTS}
    sample = None
    with connection.transaction():
        now = connection.cursor(row_factory=dict_row).execute(_NOW).fetchone() or {}
        ended = connection.cursor(row_factory=dict_row).execute(_ENDED, counted).fetchall()
        values = now | {
            "waiting": Jsonb(waiting),
            "oldest_seconds": Jsonb(oldest),
            "queue_length": sum(waiting.values()),
            "tasks": Jsonb({row.pop("queue"): row for row in ended}),
        }
        sample = connection.cursor(row_factory=class_row(Sample)).execute(_KEEP, values).fetchone()
        if sample is None:
            # The counts belong to the next minute's sample.
            raise psycopg.Rollback
    return sample


def _queues(broker: redis.Redis) -> tuple[dict[str, int], dict[str, float | None]]:
    with broker.pipeline(transaction=True) as pipe:
        for queue in Queue:
            pipe.llen(waiting_key(queue))
            pipe.lindex(waiting_key(queue), -1)
        found = pipe.execute()
    lengths = dict(zip(map(str, Queue), found[::2], strict=True))
    now = time.time()
    return lengths, {str(queue): message_age(next_one, now) for queue, next_one in zip(Queue, found[1::2], strict=True)}
