"""Keeps the counts of predictions short and true: changes are summed up often, and held against the rows once a day.

The comparison reads all predictions, so it has a thread and a connection of its own: the relay's loop goes on.
"""

import threading
import time
from collections.abc import Callable
from datetime import UTC, date, datetime

import psycopg

from accunode_common.log import get_logger
from accunode_ml.repositories import prediction_counts

COMPACT_SECONDS = 60.0
BUSY_SECONDS = 5.0
MOST_GROUPS = 1_000
MANY_CHANGES = 1_000
"""While so many are found each time, as an upload goes on, they are summed up every `BUSY_SECONDS`."""

RETRY_SECONDS = 600.0
"""How long after a comparison that failed the next is tried."""

REPAIR_TIMEOUT_MS = 1_800_000
CLOSE_SECONDS = 1.0

logger = get_logger(__name__)


def compact(connection: psycopg.Connection, most: int = MOST_GROUPS) -> int:
    """Replace the changes of at most `most` groups by their sums; returns how many changes."""
    return prediction_counts.compact(connection, most=most)


def repair(connection: psycopg.Connection) -> int:
    """Add what the counts differ by from the rows; returns the number of groups that differed, which is an error."""
    differed = prediction_counts.repair(connection)
    if differed:
        logger.error("counts of predictions differed from the rows and are mended", groups=differed)
    return differed


class Compaction:
    """Sums up the changes of counts once a minute, so many groups at a time that the loop is not held up.

    While an upload appends them by the thousand it does so more often: readers add up all that is not summed up yet.
    """

    def __init__(self) -> None:
        self._due = time.monotonic()

    def compact_if_due(self, connection: psycopg.Connection) -> None:
        """Sum up, unless that was done a short while ago."""
        if time.monotonic() >= self._due:
            changes = compact(connection)
            self._due = time.monotonic() + (BUSY_SECONDS if changes >= MANY_CHANGES else COMPACT_SECONDS)


class DailyRepair:
    """Compares the counts with the rows once a day in a thread.

    Args:
        hour: From which hour of the day, UTC.
        connect: Opens the connection that the comparison runs on, under `REPAIR_TIMEOUT_MS`.
    """

    def __init__(self, hour: int, connect: Callable[[], psycopg.Connection]) -> None:
        self._hour = hour
        self._connect = connect
        self._repaired: date | None = None
        self._retry_at = 0.0
        self._connection: psycopg.Connection | None = None
        self._thread: threading.Thread | None = None

    def start_if_due(self, now: datetime | None = None) -> None:
        """Begin when the day's hour has come, and at the first call after it; returns at once."""
        now = now or datetime.now(UTC)
        due = now.hour >= self._hour and self._repaired != now.date() and time.monotonic() >= self._retry_at
        if due and not self.is_running:
            self._thread = threading.Thread(target=self._repair, args=[now.date()], name="repair", daemon=True)
            self._thread.start()

    @property
    def is_running(self) -> bool:
        """Whether a comparison is on its way."""
        return self._thread is not None and self._thread.is_alive()

    def wait(self) -> None:
        """Wait until the comparison that was begun, if any was, has ended."""
        if self._thread is not None:
            self._thread.join()

    def close(self) -> None:
        """Break off the comparison: the next relay makes it."""
        connection = self._connection
        if self._thread is not None and self.is_running:
            if connection is not None:
                connection.cancel_safe(timeout=CLOSE_SECONDS)
            self._thread.join(CLOSE_SECONDS)

    def _repair(self, day: date) -> None:
        try:
            with self._connect() as connection:
                self._connection = connection
                repair(connection)
            self._repaired = day
        except psycopg.Error as error:
            self._retry_at = time.monotonic() + RETRY_SECONDS
            logger.error("counts of predictions could not be compared", reason=str(error).strip()[:300])
        finally:
            self._connection = None
