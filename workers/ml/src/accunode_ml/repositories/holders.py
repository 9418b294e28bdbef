"""`ops.workers`: the processes of workers that can hold leases and messages."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import psycopg
from psycopg.sql import SQL

from accunode_common.tasks.holders import LIVES, Holder

_LIVES = SQL(LIVES)
_DELETE_DEAD = SQL("delete from ops.workers w where not ({lives})").format(lives=_LIVES)
_MESSAGES = SQL("select unnest(w.messages) from ops.workers w where {lives}").format(lives=_LIVES)

_ANNOUNCE = """
    insert into ops.workers (id, worker_id, host, pid, messages)
    values (%(id)s, %(worker_id)s, %(host)s, %(pid)s, %(messages)s)
    on conflict (id) do update set beat_at = clock_timestamp(), messages = excluded.messages
"""
_PROCESSES = "select id, pid from ops.workers where worker_id = %s and id <> worker_id"
_BEAT = "update ops.workers set beat_at = clock_timestamp() where id = any(%s)"
_DELETE = "delete from ops.workers where id = any(%s)"
_DELETE_WORKER = "delete from ops.workers where worker_id = %s"
_RETIRE = "update ops.workers set retired = true where worker_id = %s"


def delete_dead(connection: psycopg.Connection) -> None:
    """Forget the processes that are gone."""
    connection.execute(_DELETE_DEAD)


def held_messages(connection: psycopg.Connection) -> set[str]:
    """The messages that living workers hold."""
    return {row[0] for row in connection.execute(_MESSAGES)}


def announce(connection: psycopg.Connection, holder: Holder, messages: Sequence[str]) -> None:
    """Say that the worker lives, and which messages it holds."""
    connection.execute(_ANNOUNCE, {**holder.row, "messages": list(messages)})


def processes_of(connection: psycopg.Connection, holder: Holder) -> list[tuple[UUID, int]]:
    """The worker's own processes: the id and the process id of each."""
    found: list[tuple[Any, Any]] = connection.execute(_PROCESSES, [holder.worker_id]).fetchall()
    return found


def beat(connection: psycopg.Connection, living: Sequence[UUID]) -> None:
    """Say that these processes live."""
    connection.execute(_BEAT, [list(living)])


def delete(connection: psycopg.Connection, gone: Sequence[UUID]) -> None:
    """Forget these processes."""
    connection.execute(_DELETE, [list(gone)])


def delete_worker(connection: psycopg.Connection, holder: Holder) -> None:
    """Forget the worker and its processes, as it has ended."""
    connection.execute(_DELETE_WORKER, [holder.worker_id])


def retire(connection: psycopg.Connection, holder: Holder) -> None:
    """Say that the worker ends on purpose: what it holds is free, and its tries do not count."""
    connection.execute(_RETIRE, [holder.worker_id])
