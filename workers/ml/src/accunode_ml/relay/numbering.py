"""Numbers the reason codes and flags that the release before left in words, once a day, some rows at each round."""

import time
from datetime import UTC, datetime, timedelta

import psycopg

from accunode_common.log import get_logger
from accunode_ml.repositories.prediction_codes import START, number_next

ROUND_SECONDS = 0.5
MOST_ROWS = 2_000

logger = get_logger(__name__)


class Numbering:
    """Goes through all predictions by their key.

    Not when the relay starts: the release before may run for a while yet, and reads words alone.

    Args:
        hour: The hour of the day at which it begins, UTC.
        now: When the relay starts.
    """

    def __init__(self, hour: int, now: datetime | None = None) -> None:
        now = now or datetime.now(UTC)
        today = now.replace(hour=hour, minute=0, second=0, microsecond=0)
        self._due = today if now < today else today + timedelta(days=1)
        self._reached = START
        self._numbered = 0

    def go_on_if_due(self, connection: psycopg.Connection, now: datetime | None = None) -> None:
        """Number rows for half a second, from where the last round ended; at the end it is due on the next day."""
        now = now or datetime.now(UTC)
        ends = time.monotonic() + ROUND_SECONDS
        while now >= self._due and time.monotonic() < ends:
            found = number_next(connection, self._reached, most=MOST_ROWS)
            if found is None:
                self._finish(now)
            else:
                self._reached = found
                self._numbered += found.numbered

    def _finish(self, now: datetime) -> None:
        if self._numbered:
            logger.info("codes of predictions numbered", predictions=self._numbered)
        while self._due <= now:
            self._due += timedelta(days=1)
        self._reached, self._numbered = START, 0
