"""`credit.prediction_counts` and `credit.pd_counts`: changes that triggers append, summed up and held against the rows.

Writers only append and readers see one moment, so neither waits for this.
"""

from typing import Any

import psycopg
from psycopg.sql import SQL, Composed, Identifier
from sqlalchemy.orm import InstrumentedAttribute

from accunode_credit.models.credit import PdCount, PredictionCount

_COMPACT = """
    with crowded as (
        select tenant_id, array_agg(id) as ids from {table} group by {group}
        having count(*) > 1 or ({nothing}) limit %(most)s
    ), taken as (
        delete from {table} c using (select tenant_id, unnest(ids) as id from crowded) t
        where c.tenant_id = t.tenant_id and c.id = t.id returning c.*
    ), summed as (
        insert into {table} ({group}, {summed})
        select {group}, {sums} from taken group by {group} having not ({nothing})
    )
    select count(*) from taken
"""


def _compact(counts: type[PredictionCount] | type[PdCount], *summed: InstrumentedAttribute[Any]) -> Composed:
    """The statement for one table: what is neither its key nor summed up tells its groups apart."""
    table = counts.metadata.tables[f"credit.{counts.__tablename__}"]
    names = [column.key for column in summed]
    group = [column.name for column in table.columns if column.name not in {"id", *names}]
    sums = [SQL("sum({})").format(Identifier(name)) for name in names]
    return SQL(_COMPACT).format(
        table=Identifier("credit", table.name),
        group=SQL(", ").join(map(Identifier, group)),
        summed=SQL(", ").join(map(Identifier, names)),
        sums=SQL(", ").join(sums),
        nothing=SQL(" and ").join(SQL("{} = 0").format(each) for each in sums),
    )


_TABLES = (
    _compact(PredictionCount, PredictionCount.predictions, PredictionCount.pd_sum),
    _compact(PdCount, PdCount.predictions),
)
_LOCK = "select pg_try_advisory_xact_lock(hashtextextended('credit.repair_counts', 0))"
_REPAIR = "select credit.repair_counts()"


def compact(connection: psycopg.Connection, *, most: int) -> int:
    """Replace the changes of at most `most` groups of each table by their sums; returns how many changes."""
    rows = [connection.execute(statement, {"most": most}).fetchone() for statement in _TABLES]
    return sum(int(row[0]) for row in rows if row)


def repair(connection: psycopg.Connection) -> int:
    """Add what the counts differ by from the rows; returns the number of groups that differed.

    Of several relays one does it at a time: two that found the same difference would both add it.
    """
    with connection.transaction():
        is_alone = connection.execute(_LOCK).fetchone() == (True,)
        row = connection.execute(_REPAIR).fetchone() if is_alone else None
    return int(row[0]) if row else 0
