"""Publishes outbox rows in their order and deletes each once Redis has it: every message at least once."""

from typing import Any

import psycopg
from celery import Celery
from kombu.connection import Connection
from kombu.exceptions import OperationalError as BrokerError

from accunode_ml.repositories import outbox


class Publisher:
    """Moves messages from the outbox to Celery. Several relays may do so at once: each takes other rows."""

    def __init__(self, app: Celery, batch: int) -> None:
        self._app = app
        self._batch = batch
        self._connection: Connection | None = None

    def close(self) -> None:
        """Close the connection to Redis; the next message opens another."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.collect()  # type: ignore[no-untyped-call]

    def publish_all(self, connection: psycopg.Connection) -> int:
        """Publish until the outbox is empty; returns how many messages.

        Raises:
            BrokerError: Redis is gone. What it has taken is deleted from the outbox, and no more.
        """
        published = 0
        while True:
            rows, sent, failure = self._publish_batch(connection)
            published += sent
            if failure is not None:
                self.close()
                raise failure
            if rows < self._batch:
                return published

    def _publish_batch(self, connection: psycopg.Connection) -> tuple[int, int, BrokerError | None]:
        failure: BrokerError | None = None
        with connection.transaction():
            rows = outbox.lock_next(connection, self._batch)
            sent: list[Any] = []
            for row in rows:
                try:
                    self._send(row)
                except BrokerError as error:
                    failure = error
                    break
                sent.append(row["id"])
            if sent:
                outbox.delete(connection, sent)
        return len(rows), len(sent), failure

    def _send(self, row: dict[str, Any]) -> None:
        if self._connection is None:
            self._connection = self._app.connection_for_write()
        self._app.send_task(
            row["task"],
            kwargs=row["payload"],
            queue=row["queue"],
            task_id=str(row["id"]),
            ignore_result=True,
            connection=self._connection,
        )
