"""What scaling is decided by: `ops.task_counts`, `ops.scaling_samples`, `ops.scaling_policies` and `_decisions`."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any

import psycopg
from psycopg.rows import class_row, dict_row
from psycopg.sql import SQL
from psycopg.types.json import Jsonb

from accunode_common.ids import new_id
from accunode_common.models.ops import CURRENT_POLICY
from accunode_common.scaling import WINDOW_MINUTES, Measured
from accunode_common.tasks.holders import LIVES
from accunode_ml.task_counts import Ended

_SECONDS_LEFT = "select 60 - extract(second from clock_timestamp())::float"
_MEASURE = SQL("""
    select
        (select count(*) from ops.outbox) as outbox_length,
        (select count(*) from ops.workers w where w.id = w.worker_id and {lives}) as workers_alive,
        (select count(*) from ops.workers w
            where w.id = w.worker_id and {lives} and cardinality(w.messages) > 0) as workers_busy,
        (select count(*) from bulk.chunks c
            where c.state = 'leased' and c.lease_expires_at >= clock_timestamp()) as leases
""").format(lives=SQL(LIVES))
_ADD_COUNT = """
    insert into ops.task_counts (id, queue, finished, failed, waited_seconds, ran_seconds)
    values (%(id)s, %(queue)s, %(finished)s, %(failed)s, %(waited_seconds)s, %(ran_seconds)s)
"""
_TAKE_COUNTS = """
    with taken as (
        delete from ops.task_counts where id in (select id from ops.task_counts order by id desc limit %(most)s)
        returning *
    )
    select queue, sum(finished)::int as finished, sum(failed)::int as failed,
        sum(waited_seconds)::float as waited_seconds, sum(ran_seconds)::float as ran_seconds
    from taken where counted_at >= clock_timestamp() - make_interval(secs => %(seconds)s) group by queue
"""
_ADD_SAMPLE = """
    insert into ops.scaling_samples
        (minute, waiting, oldest_seconds, tasks, queue_length, outbox_length, workers_alive, workers_busy, leases)
    values (date_trunc('minute', clock_timestamp()), %(waiting)s, %(oldest_seconds)s, %(tasks)s, %(queue_length)s,
        %(outbox_length)s, %(workers_alive)s, %(workers_busy)s, %(leases)s)
    on conflict (minute) do nothing
    returning *
"""
_POLICY = "select policy, version from ops.scaling_policies where name = %s"
_WINDOW = """
    select minute, queue_length, workers_alive as workers from ops.scaling_samples
    where minute > %s - make_interval(mins => %s) and minute <= %s order by minute
"""
_LATEST = "select decision from ops.scaling_decisions order by decided_at desc, id desc limit 1"
_ADD_DECISION = "insert into ops.scaling_decisions (id, decision) values (%s, %s)"


def seconds_left(connection: psycopg.Connection) -> float:
    """How much is left of the database's minute."""
    (left,) = connection.execute(_SECONDS_LEFT).fetchone() or (0.0,)
    return float(left)


def measure(connection: psycopg.Connection) -> dict[str, int]:
    """How many messages are not published, how many workers live and work, and how many leases run."""
    return connection.cursor(row_factory=dict_row).execute(_MEASURE).fetchone() or {}


def add_counts(connection: psycopg.Connection, ended: Mapping[str, Ended]) -> None:
    """Add what tasks of a worker ended, by queue."""
    rows = [{"id": new_id(), "queue": queue, **asdict(of)} for queue, of in ended.items()]
    with connection.transaction(), connection.cursor() as cursor:
        cursor.executemany(_ADD_COUNT, rows)


def take_counts(connection: psycopg.Connection, *, most: int, seconds: int) -> dict[str, dict[str, Any]]:
    """Delete the latest counts and sum up, by queue, those that are no older."""
    cursor = connection.cursor(row_factory=dict_row)
    rows = cursor.execute(_TAKE_COUNTS, {"most": most, "seconds": seconds}).fetchall()
    return {row.pop("queue"): row for row in rows}


def add_sample(connection: psycopg.Connection, values: Mapping[str, Any]) -> dict[str, Any] | None:
    """Keep this as the minute's sample, and give its row; None if the minute has one."""
    shown = {name: Jsonb(value) if isinstance(value, dict) else value for name, value in values.items()}
    return connection.cursor(row_factory=dict_row).execute(_ADD_SAMPLE, shown).fetchone()


def stored_policy(connection: psycopg.Connection) -> tuple[Any, Any]:
    """The policy that somebody stored and its version, or twice None."""
    found: tuple[Any, Any] | None = connection.execute(_POLICY, [CURRENT_POLICY]).fetchone()
    return found or (None, None)


def window(connection: psycopg.Connection, minute: datetime) -> list[Measured]:
    """The samples up to a minute that decisions look at."""
    cursor = connection.cursor(row_factory=class_row(Measured))
    return cursor.execute(_WINDOW, [minute, WINDOW_MINUTES, minute]).fetchall()


def latest_decision(connection: psycopg.Connection) -> dict[str, Any] | None:
    """What was decided last, if anything was."""
    found = connection.execute(_LATEST).fetchone()
    return found[0] if found else None


def add_decision(connection: psycopg.Connection, decision: Mapping[str, Any]) -> None:
    """Keep a decision."""
    connection.execute(_ADD_DECISION, [new_id(), Jsonb(decision)])
