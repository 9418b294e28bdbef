"""The chunks of the bench: rows that are put in, begun and ended; how long each takes is in its row."""

import os
import time

import psycopg
from psycopg.types.json import Jsonb

from accunode_common.ids import new_id
from accunode_common.tasks.messages import Queue
from accunode_common.tasks.outbox import CHANNEL

DATABASE_URL = "BENCH_DATABASE_URL"
"""The variable that tells a process of the bench where its database is."""

TASK = "bench.chunk"
READY = "bench_chunks"
"""The channel that tells of new chunks where no relay does."""

_SCHEMA = """
    create schema bench;
    create table bench.chunks (
        number integer primary key, seconds float8 not null, state text not null default 'ready', holder integer,
        fence integer not null default 0, started float8, finished float8
    );
    create index on bench.chunks (number) where state = 'ready';
    create table bench.commits (number integer primary key, at float8 not null);
    create schema ops;
    create table ops.outbox (id uuid primary key, task text, queue text, payload jsonb);
    create table ops.workers (id uuid primary key, messages text[], beat_at timestamptz, retired boolean);
"""


def connect() -> psycopg.Connection:
    """A connection to the bench's database; each statement commits unless a transaction is opened."""
    return psycopg.connect(os.environ[DATABASE_URL], autocommit=True)


def create_schema(connection: psycopg.Connection) -> None:
    """Create the chunks, and what the publisher and the relay's return of messages read."""
    connection.execute(_SCHEMA)


def put_in(connection: psycopg.Connection, first: int, count: int, seconds: float, *, outbox: bool) -> None:
    """Commit chunks that take so many seconds each, with their messages in the outbox or a notification."""
    numbers = range(first, first + count)
    with connection.transaction(), connection.cursor() as cursor:
        cursor.executemany(
            "insert into bench.chunks (number, seconds) values (%s, %s)", [(n, seconds) for n in numbers]
        )
        if outbox:
            announce(cursor, list(numbers))
        else:
            cursor.execute(f"notify {READY}")
        committed = time.time()
    # Not in the same transaction: an update would wait for a worker that holds the row.
    connection.execute(
        "insert into bench.commits select n, %s from unnest(%s::integer[]) n", (committed, list(numbers))
    )


def announce(cursor: psycopg.Cursor, numbers: list[int]) -> None:
    """Put a message for each chunk into the outbox."""
    rows = [(new_id(), TASK, Queue.BULK.value, Jsonb({"number": number})) for number in numbers]
    cursor.executemany("insert into ops.outbox (id, task, queue, payload) values (%s, %s, %s, %s)", rows)
    cursor.execute(f"notify {CHANNEL}")


def do_leased(connection: psycopg.Connection, number: int) -> None:
    """Lease a chunk, do it and finish it in two transactions; a chunk of a living process is left alone."""
    started = time.time()
    with connection.transaction():
        row = connection.execute(
            "select seconds, state, holder, fence from bench.chunks where number = %s for update", (number,)
        ).fetchone()
        if row is None or row[1] == "done" or (row[1] == "leased" and _lives(row[2])):
            return
        seconds, _, _, fence = row
        connection.execute(
            "update bench.chunks set state = 'leased', holder = %s, fence = fence + 1, started = %s where number = %s",
            (os.getpid(), started, number),
        )
    time.sleep(seconds)
    connection.execute(
        "update bench.chunks set state = 'done', finished = %s where number = %s and fence = %s",
        (time.time(), number, fence + 1),
    )


def do_next(connection: psycopg.Connection) -> bool:
    """Take a chunk, do it and finish it in one transaction, whose row lock is the lease; False when none is ready."""
    with connection.transaction():
        row = connection.execute(
            "select number, seconds from bench.chunks where state = 'ready' order by number limit 1"
            " for update skip locked"
        ).fetchone()
        if row is None:
            return False
        started = time.time()
        time.sleep(row[1])
        connection.execute(
            "update bench.chunks set state = 'done', holder = %s, started = %s, finished = %s where number = %s",
            (os.getpid(), started, time.time(), row[0]),
        )
    return True


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
