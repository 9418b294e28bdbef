"""The outbox: a task is a row of the business transaction, published by the relay once that has committed."""

from sqlalchemy import Insert, insert, text
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Session

from accunode_common.ids import new_id
from accunode_common.models.ops import OutboxMessage
from accunode_common.tasks.messages import Queue, TaskMessage

CHANNEL = "accunode_outbox"
_NOTIFY = text(f"NOTIFY {CHANNEL}")


def _insertion(message: TaskMessage, queue: Queue) -> Insert:
    return insert(OutboxMessage).values(
        tenant_id=message.tenant_id,
        id=new_id(),
        task=message.task,
        queue=queue,
        payload=message.model_dump(mode="json", exclude_none=True),
    )


async def enqueue(session: AsyncSession, message: TaskMessage, queue: Queue) -> None:
    """Publish `message` when the transaction commits."""
    await session.execute(_insertion(message, queue))
    await session.execute(_NOTIFY)


def enqueue_sync(session: Session, message: TaskMessage, queue: Queue) -> None:
    """Publish `message` when the transaction commits."""
    session.execute(_insertion(message, queue))
    session.execute(_NOTIFY)
