"""How the relay itself asks for work: through the outbox, on its own connection, like everybody else."""

import psycopg
from psycopg.types.json import Jsonb

from accunode_common.ids import new_id
from accunode_common.tasks.messages import Queue, TaskMessage

_ENQUEUE = "insert into ops.outbox (tenant_id, id, task, queue, payload) values (%s, %s, %s, %s, %s)"


def enqueue(connection: psycopg.Connection, message: TaskMessage) -> None:
    """Publish `message` as maintenance when the connection's transaction commits."""
    payload = Jsonb(message.model_dump(mode="json", exclude_none=True))
    connection.execute(_ENQUEUE, [message.tenant_id, new_id(), message.task, Queue.MAINTENANCE.value, payload])
