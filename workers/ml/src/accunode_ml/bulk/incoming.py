"""The temporary table that a chunk is copied into, and the decisions that are noted in it row by row."""

from io import BytesIO
from uuid import UUID

import pyarrow as pa
import pyarrow.csv as pacsv
from psycopg import sql
from sqlalchemy import text
from sqlalchemy.orm import Session

from accunode_credit.columns import RATIO_COLUMNS
from accunode_ml.bulk.scoring import SHADOW
from accunode_ml.repositories.copying import copy_into
from accunode_scoring import PROBABILITIES

_GIVEN = (
    # The same in all rows. As columns they are estimated by the average owner; as constants, an owner too new for the
    # statistics would count as having no rows.
    ("tenant_id", "uuid"),
    ("scope_id", "uuid"),
    ("row_number", "integer"),
    ("name", "text"),
    ("name_key", "text"),
    ("symbol", "text"),
    ("external_id", "text"),
    ("sector", "text"),
    ("market_cap", "double precision"),
    ("currency", "text"),
    ("fiscal_year", "smallint"),
    ("fiscal_quarter", "smallint"),
    *((name, "double precision") for name in RATIO_COLUMNS),
    ("amounts", "jsonb"),
    *((name, "double precision") for name in PROBABILITIES),
    ("grade", "text"),
    ("risk_level", "text"),
    ("reason_codes", "text[]"),
    ("flags", "text[]"),
    (SHADOW, "double precision"),
    ("prediction_id", "uuid"),
    ("company_id", "uuid"),
    ("version_id", "uuid"),
)
_DECIDED = (
    # The company it belongs to, and the stored prediction of the same company and period.
    ("obligor", "uuid"),
    ("stored", "uuid"),
    # new, edited, skipped or rejected; null while nothing is decided.
    ("outcome", "text"),
    ("code", "text"),
    ("message", "text"),
)
_COLUMNS = [name for name, _ in _GIVEN]
_CREATE = text(
    "create temporary table if not exists incoming ("
    + ", ".join(f"{name} {kind}" for name, kind in (*_GIVEN, *_DECIDED))
    + ") on commit delete rows"
)
_COPY = sql.SQL("copy incoming ({columns}) from stdin (format csv)").format(
    columns=sql.SQL(", ").join(map(sql.Identifier, _COLUMNS))
)
# Without the columns that are decided later: the planner would believe that they stay empty.
_ANALYSE = text("analyze incoming (tenant_id, scope_id, row_number, name_key, symbol, fiscal_year, company_id)")
# Rows are looked up by their keys: a few thousand look-ups in cached indexes beat reading a whole table.
_PREFER_INDEXES = text("set local random_page_cost = 1.1")


def copy_in(session: Session, rows: pa.Table, *, tenant_id: UUID, scope_id: UUID) -> None:
    """Copy scored rows into `incoming`; they are gone when the transaction ends."""
    session.execute(_CREATE)
    session.execute(_PREFER_INDEXES)
    owners = {"tenant_id": [tenant_id.hex] * rows.num_rows, "scope_id": [scope_id.hex] * rows.num_rows}
    for name, values in owners.items():
        rows = rows.append_column(name, [values])
    buffer = BytesIO()
    options = pacsv.WriteOptions(include_header=False, quoting_style="needed")
    pacsv.write_csv(rows.select(_COLUMNS), buffer, options)
    with copy_into(session, _COPY) as copy:
        copy.write(buffer.getbuffer())
    session.execute(_ANALYSE)
