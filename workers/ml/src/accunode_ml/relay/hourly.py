"""Sends once an hour what nobody asks for. The hour is kept in Redis: one that lost its data is followed at once."""

import psycopg
import redis

from accunode_common.ids import PLATFORM_TENANT_ID
from accunode_common.tasks.messages import Queue, SweepStorage
from accunode_common.tasks.outbox import enqueue_on_connection

MARKER = "accunode:relay:swept"
HOUR_SECONDS = 3600


class HourlyRound:
    """Has the store compared with the database."""

    def start_if_due(self, connection: psycopg.Connection, broker: redis.Redis) -> bool:
        """Send the hour's message unless it was sent; several relays may ask at once.

        Raises:
            redis.RedisError: Redis does not answer.
        """
        if not broker.set(MARKER, "sent", nx=True, ex=HOUR_SECONDS):
            return False
        enqueue_on_connection(connection, SweepStorage(tenant_id=PLATFORM_TENANT_ID), Queue.MAINTENANCE)
        return True
