"""`ops.outbox` as the relay empties it; `accunode_common.tasks.outbox` fills it."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import psycopg
from psycopg.rows import dict_row
from psycopg.sql import SQL, Identifier

from accunode_common.tasks.outbox import CHANNEL

_LISTEN = SQL("listen {channel}").format(channel=Identifier(CHANNEL))
_LOCK_NEXT = "select id, task, queue, payload from ops.outbox order by id limit %s for update skip locked"
_DELETE = "delete from ops.outbox where id = any(%s)"


def listen(connection: psycopg.Connection) -> None:
    """Have the connection notified of new messages."""
    connection.execute(_LISTEN)


def lock_next(connection: psycopg.Connection, most: int) -> list[dict[str, Any]]:
    """The oldest messages that no other relay has locked."""
    return connection.cursor(row_factory=dict_row).execute(_LOCK_NEXT, [most]).fetchall()


def delete(connection: psycopg.Connection, ids: Sequence[UUID]) -> None:
    """Delete messages that are published."""
    connection.execute(_DELETE, [list(ids)])
