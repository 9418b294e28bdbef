"""Sends once a day what nobody asks for. PostgreSQL says what was done: a message too many changes nothing."""

from datetime import UTC, datetime

import psycopg
import redis

from accunode_common.ids import PLATFORM_TENANT_ID
from accunode_common.log import get_logger
from accunode_common.tasks.messages import MonitorEveryTenant, Queue
from accunode_common.tasks.outbox import enqueue_on_connection

MARKER = "accunode:relay:monitored"

logger = get_logger(__name__)


class DailyRound:
    """Starts the monitoring of all tenants on each day.

    Args:
        hour: From which hour of the day, UTC.
    """

    def __init__(self, hour: int) -> None:
        self._hour = hour
        self._done: str | None = None

    def start_if_due(self, connection: psycopg.Connection, broker: redis.Redis, now: datetime | None = None) -> bool:
        """Send the day's message unless it was sent; several relays may ask at once.

        Raises:
            redis.RedisError: Redis does not answer.
        """
        now = now or datetime.now(UTC)
        today = now.date().isoformat()
        if now.hour < self._hour or self._done == today:
            return False
        if broker.get(MARKER) == today:
            self._done = today
            return False
        enqueue_on_connection(connection, MonitorEveryTenant(tenant_id=PLATFORM_TENANT_ID), Queue.MAINTENANCE)
        broker.set(MARKER, today)
        self._done = today
        logger.info("daily round begun")
        return True
