"""`credit.predictions`: those of a chunk's companies and periods found, locked, added and replaced in sets.

They are looked up, and replaced, as companies are; see `accunode_ml.repositories.companies` for why.
"""

from collections.abc import Sequence
from typing import Any

import pyarrow as pa
from sqlalchemy import (
    Column,
    ColumnElement,
    FromClause,
    Integer,
    Text,
    Uuid,
    case,
    cast,
    false,
    func,
    literal,
    select,
    true,
    tuple_,
)
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import Session, aliased

from accunode_credit.columns import DECISIVE_COLUMNS, SOURCE_COLUMNS, WORD_COLUMNS
from accunode_credit.earlier_versions import as_version, keep
from accunode_credit.jobs import kind_of
from accunode_credit.models.bulk import Job
from accunode_credit.models.credit import Prediction
from accunode_ml.repositories.companies import owner_of
from accunode_ml.repositories.copying import FENCE, copy_rows, temporary_table
from accunode_ml.repositories.incoming import GIVEN, INCOMING, PREDICTIONS
from accunode_ml.rows import StoredPrediction
from accunode_scoring import Kind

_SOUGHT = temporary_table(
    "sought_predictions",
    Column("place", Integer),
    *(Column(name, PREDICTIONS.c[name].type) for name in ("company_id", "fiscal_year", "fiscal_quarter")),
)
_PERIOD = ("tenant_id", "company_id", "kind", "fiscal_year", "fiscal_quarter")
_OWNER = ("tenant_id", "access_level", "organization_id", "created_by", "kind")
_GIVEN = ("id", "company_id", "fiscal_year", "fiscal_quarter", "row_number", *GIVEN)


def find(session: Session, job: Job, sought: pa.Table, *, lock: bool) -> list[StoredPrediction]:
    """The predictions of companies and periods, by the places they are sought at, as far as the submitter sees them.

    With `lock` those that the submitter may edit are locked, in one order for all who do so: row-level security shows
    no others for update.
    """
    copy_rows(session, _SOUGHT, sought)
    owner, stored = owner_of(job), PREDICTIONS.alias("p")
    keys = select(_SOUGHT).order_by(*_SOUGHT.c[1:]).offset(FENCE).subquery("sought")
    quarter = stored.c.fiscal_quarter
    there = (
        select(stored.c.id, stored.c.job_id, stored.c.row_number)
        .where(
            stored.c.tenant_id == owner.c.tenant_id,
            stored.c.company_id == keys.c.company_id,
            # Written so that no other index fits.
            stored.c.kind.concat("") == job.kind,
            stored.c.fiscal_year == keys.c.fiscal_year,
            quarter == keys.c.fiscal_quarter if kind_of(job) is Kind.QUARTERLY else quarter.is_(None),
        )
        .offset(FENCE)
        .lateral("there")
    )
    tables, row_of_job = keys.join(owner, true()).join(there, true()), _row_of(job, there)
    is_editable: ColumnElement[bool] = false()
    if lock:
        locked = (
            select(PREDICTIONS.c.id, PREDICTIONS.c.job_id, PREDICTIONS.c.row_number)
            .where(PREDICTIONS.c.tenant_id == owner.c.tenant_id, PREDICTIONS.c.id == there.c.id)
            .offset(FENCE)
            .with_for_update(key_share=True)
            .lateral("locked")
        )
        tables, is_editable = tables.outerjoin(locked, true()), locked.c.id.is_not(None)
        # Whoever had to wait for the lock learns here what was stored meanwhile.
        row_of_job = case((is_editable, _row_of(job, locked)), else_=row_of_job)
    found = select(keys.c.place, cast(there.c.id, Text), row_of_job, is_editable).select_from(tables)
    return list(map(StoredPrediction._make, session.execute(found).all()))


def add(session: Session, job: Job, model_version: str) -> None:
    """Add the incoming rows that are not stored yet, where nobody else can store them at the same time."""
    session.execute(_insert(job, model_version, is_stored=False))


def add_unless_stored(session: Session, job: Job, model_version: str) -> set[int]:
    """Add the incoming rows whose company and period nobody has stored meanwhile; returns the numbers of these rows."""
    insertion = _insert(job, model_version, is_stored=False).on_conflict_do_nothing()
    return set(session.scalars(insertion.returning(PREDICTIONS.c.row_number)).all())


def replace(session: Session, job: Job, model_version: str) -> None:
    """Replace the predictions that incoming rows are stored as; each that changes is kept as it was."""
    _keep(session, job, model_version)
    insertion = _insert(job, model_version, is_stored=True)
    excluded = insertion.excluded
    changed = _differ(PREDICTIONS, [excluded[name] for name in DECISIVE_COLUMNS])
    session.execute(
        insertion.on_conflict_do_update(
            index_elements=_PERIOD,
            set_={name: excluded[name] for name in (*GIVEN, "model_version", *SOURCE_COLUMNS, *WORD_COLUMNS)}
            | {"version": PREDICTIONS.c.version + cast(changed, Integer), "updated_at": func.now()},
        )
    )


def _keep(session: Session, job: Job, model_version: str) -> None:
    incoming = select(INCOMING).where(INCOMING.c.is_stored).offset(FENCE).subquery("incoming_edits")
    owner = owner_of(job)
    stored = (
        select(PREDICTIONS)
        .where(PREDICTIONS.c.tenant_id == owner.c.tenant_id, PREDICTIONS.c.id == incoming.c.id)
        .offset(FENCE)
        .lateral("p")
    )
    given = [literal(model_version, Text) if name == "model_version" else incoming.c[name] for name in DECISIVE_COLUMNS]
    rows = (
        as_version(
            kind_of(job),
            version_id=incoming.c.version_id,
            replaced_by=job.created_by,
            predictions=aliased(Prediction, stored),
        )
        .select_from(incoming.join(owner, true()).join(stored, true()))
        .where(_differ(stored, given))
    )
    session.execute(keep(rows))


def _insert(job: Job, model_version: str, *, is_stored: bool) -> postgresql.Insert:
    """In the order in which they were copied, which is that of their companies: sorting them takes as long."""
    incoming = INCOMING.c
    rows = select(
        *(literal(getattr(job, name), PREDICTIONS.c[name].type) for name in _OWNER),
        literal(job.id, Uuid),
        literal(model_version, Text),
        *(incoming[name] for name in _GIVEN),
    ).where(incoming.is_stored.is_(is_stored))
    return postgresql.insert(PREDICTIONS).from_select([*_OWNER, "job_id", "model_version", *_GIVEN], rows)


def _row_of(job: Job, predictions: FromClause) -> ColumnElement[int | None]:
    return case((predictions.c.job_id == job.id, predictions.c.row_number))


def _differ(predictions: FromClause, given: Sequence[ColumnElement[Any]]) -> ColumnElement[bool]:
    """Whether stored predictions differ from what is given now."""
    return tuple_(*(predictions.c[name] for name in DECISIVE_COLUMNS)).is_distinct_from(tuple_(*given))
