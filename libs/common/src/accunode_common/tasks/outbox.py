"""The outbox: a task is a row of the business transaction, published by the relay once that has committed."""

from typing import Any

import psycopg
from psycopg.types.json import Jsonb
from sqlalchemy import Insert, insert, text
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Session

from accunode_common.ids import new_id
from accunode_common.models.ops import OutboxMessage
from accunode_common.tasks.messages import Queue, TaskMessage

CHANNEL = "accunode_outbox"
_NOTIFY = text(f"NOTIFY {CHANNEL}")
_INSERTION = "insert into ops.outbox (tenant_id, id, task, queue, payload) values (%s, %s, %s, %s, %s)"


def _payload(message: TaskMessage) -> dict[str, Any]:
    return message.model_dump(mode="json", exclude_none=True)


def _insertion(message: TaskMessage, queue: Queue) -> Insert:
    return insert(OutboxMessage).values(
        tenant_id=message.tenant_id,
        id=new_id(),
        task=message.task,
        queue=queue,
        payload=_payload(message),
    )


async def enqueue(session: AsyncSession, message: TaskMessage, queue: Queue) -> None:
    """Publish `message` when the transaction commits."""
    await session.execute(_insertion(message, queue))
    await session.execute(_NOTIFY)


def enqueue_sync(session: Session, message: TaskMessage, queue: Queue) -> None:
    """Publish `message` when the transaction commits."""
    session.execute(_insertion(message, queue))
    session.execute(_NOTIFY)


def enqueue_on_connection(connection: psycopg.Connection, message: TaskMessage, queue: Queue) -> None:
    """Add a message on a connection of the relay, which looks into the outbox next and needs no notice."""
    row = [message.tenant_id, new_id(), message.task, queue.value, Jsonb(_payload(message))]
    connection.execute(_INSERTION, row)
