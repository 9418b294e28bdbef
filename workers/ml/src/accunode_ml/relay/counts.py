"""Keeps the counts of predictions short and true: changes are summed up often, and held against the rows once a day.

Writers only append and readers see one moment, so neither waits for this; several relays may do it at once.
"""

import time
from datetime import UTC, date, datetime

import psycopg
from psycopg.sql import SQL

from accunode_common.log import get_logger

COMPACT_SECONDS = 60.0
MOST_GROUPS = 1_000

_GROUP = SQL(
    "tenant_id, access_level, scope_id, kind, fiscal_year, fiscal_quarter, sector, risk_level, grade, is_newest"
)
_COMPACT = SQL("""
    with crowded as (
        select tenant_id, array_agg(id) as ids from credit.prediction_counts group by {group}
        having count(*) > 1 or (sum(predictions) = 0 and sum(pd_sum) = 0) limit %(most)s
    ), taken as (
        delete from credit.prediction_counts c using (select tenant_id, unnest(ids) as id from crowded) t
        where c.tenant_id = t.tenant_id and c.id = t.id returning c.*
    ), summed as (
        insert into credit.prediction_counts ({group}, predictions, pd_sum)
        select {group}, sum(predictions), sum(pd_sum) from taken group by {group}
        having sum(predictions) <> 0 or sum(pd_sum) <> 0
    )
    select count(*) from taken
""").format(group=_GROUP)
_REPAIR = "select credit.repair_counts()"

logger = get_logger(__name__)


class Counts:
    """Sums up and compares when it is due.

    Args:
        hour: From which hour of the day the counts are compared, UTC.
    """

    def __init__(self, hour: int) -> None:
        self._hour = hour
        self._compacted = -COMPACT_SECONDS
        self._compared: date | None = None

    def keep_if_due(self, connection: psycopg.Connection, now: datetime | None = None) -> None:
        """Sum up once a minute; compare when a day's hour has come, and at the first call after it."""
        now = now or datetime.now(UTC)
        if time.monotonic() - self._compacted >= COMPACT_SECONDS:
            compact(connection)
            self._compacted = time.monotonic()
        if now.hour >= self._hour and self._compared != now.date():
            repair(connection)
            self._compared = now.date()


def compact(connection: psycopg.Connection, most: int = MOST_GROUPS) -> int:
    """Replace the changes of at most `most` groups by their sums; returns how many changes."""
    row = connection.execute(_COMPACT, {"most": most}).fetchone()
    return int(row[0]) if row else 0


def repair(connection: psycopg.Connection) -> int:
    """Add what the counts differ by from the rows; returns the number of groups that differed, which is an error."""
    row = connection.execute(_REPAIR).fetchone()
    differed = int(row[0]) if row else 0
    if differed:
        logger.error("counts of predictions differed from the rows and are mended", groups=differed)
    return differed
