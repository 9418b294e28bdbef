"""Measures queues and workers once a minute, for the scaling policy and for whoever watches."""

import time
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import psycopg
import redis

from accunode_common.tasks.messages import Queue
from accunode_common.tasks.waiting import message_age, waiting_key
from accunode_ml.repositories import scaling
from accunode_ml.task_counts import Ended

COUNTED_SECONDS = 120
"""Counts older than this belong to no minute that is measured now: no relay ran."""

MOST_COUNTS = 20_000
"""How many rows of counts one sample takes, the newest first, so that what gathered without a relay holds nothing up.
Six workers write some 500 a minute."""


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
        due_at = time.monotonic() + scaling.seconds_left(connection)
        sample = take_sample(connection, broker)
        self._due_at = due_at
        return sample


def take_sample(connection: psycopg.Connection, broker: redis.Redis) -> Sample | None:
    """Measure, and keep it as this minute's sample; None if the minute has one.

    Raises:
        redis.RedisError: Redis does not answer.
    """
    waiting, oldest = _queues(broker)
    with connection.transaction():
        measured = scaling.measure(connection)
        tasks = scaling.take_counts(connection, most=MOST_COUNTS, seconds=COUNTED_SECONDS)
        found = {"waiting": waiting, "oldest_seconds": oldest, "tasks": tasks, "queue_length": sum(waiting.values())}
        row = scaling.add_sample(connection, measured | found)
        if row is None:
            # The counts belong to the next minute's sample.
            raise psycopg.Rollback
    return None if row is None else Sample(**row)


def _queues(broker: redis.Redis) -> tuple[dict[str, int], dict[str, float | None]]:
    with broker.pipeline(transaction=True) as pipe:
        for queue in Queue:
            pipe.llen(waiting_key(queue))
            pipe.lindex(waiting_key(queue), -1)
        found = pipe.execute()
    lengths = dict(zip(map(str, Queue), found[::2], strict=True))
    now = time.time()
    return lengths, {str(queue): message_age(next_one, now) for queue, next_one in zip(Queue, found[1::2], strict=True)}
