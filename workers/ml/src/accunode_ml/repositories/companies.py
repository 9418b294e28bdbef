"""`credit.companies`: a chunk's obligors found, added and described in sets.

Stored rows are looked up in lateral subqueries with `offset 0`: once for each row that is sought, through one index.
Left free, and without statistics of a table or of an owner who is new, the planner expects an owner to have one row,
begins with it, and walks through all sought rows for each of those there really are. For the same reason a company is
described by an upsert, and its owner comes from a subquery: of a constant, the planner asks the statistics.
"""

from collections.abc import Sequence
from typing import Any
from typing import cast as typed

import pyarrow as pa
from psycopg.errors import UniqueViolation
from sqlalchemy import (
    Column,
    Integer,
    Subquery,
    Table,
    Text,
    Uuid,
    and_,
    case,
    cast,
    exists,
    func,
    literal,
    or_,
    select,
    true,
)
from sqlalchemy.dialects import postgresql
from sqlalchemy.engine import CursorResult
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from accunode_credit.models.bulk import Job
from accunode_credit.models.credit import Company
from accunode_credit.scope import scope_id
from accunode_ml.repositories.copying import FENCE, copy_rows, temporary_table

DESCRIPTIONS = ("symbol", "external_id", "sector", "market_cap", "currency")
"""What is said of a company beside its name."""

_COMPANIES = typed(Table, Company.__table__)
_COMPANY = _COMPANIES.c
_SOUGHT = temporary_table("sought_companies", Column("place", Integer), Column("value", Text))
_DESCRIBED = temporary_table(
    "described_companies", *(Column(name, _COMPANY[name].type) for name in ("id", "name", "name_key", *DESCRIPTIONS))
)
_OWNER = ("tenant_id", "access_level", "organization_id", "created_by")
_COLUMNS = (*_OWNER, *_DESCRIBED.c.keys())


def owner_of(job: Job) -> Subquery:
    """The tenant and the scope of a job's records as a row that the planner knows nothing of."""
    owner = select(literal(job.tenant_id, Uuid).label("tenant_id"), literal(scope_id(job), Uuid).label("scope_id"))
    return owner.offset(FENCE).subquery("owner")


def find(session: Session, job: Job, identifier: str, values: pa.Array) -> Sequence[tuple[int, str]]:
    """The companies of the job's scope that have one of these values; the place of the value and the company's id."""
    copy_rows(session, _SOUGHT, pa.table({"place": range(len(values)), "value": values}))
    owner = owner_of(job)
    company = (
        select(_COMPANY.id)
        .where(
            _COMPANY.tenant_id == owner.c.tenant_id,
            _COMPANY.scope_id == owner.c.scope_id,
            _COMPANY[identifier] == _SOUGHT.c.value,
        )
        .offset(FENCE)
        .lateral("company")
    )
    found = select(_SOUGHT.c.place, cast(company.c.id, Text)).select_from(
        _SOUGHT.join(owner, true()).join(company, true())
    )
    return [(place, company_id) for place, company_id in session.execute(found).all()]


def add(session: Session, job: Job, described: pa.Table) -> int:
    """Add companies to the job's scope, but for those whose name or symbol is there; returns how many were added.

    In the order of their names, so that two transactions that add the same ones wait for each other instead of dying.
    They were looked for, so hardly ever is one there: to guard each would cost a third of adding it.
    """
    copy_rows(session, _DESCRIBED, described)
    owner = (
        literal(job.tenant_id, Uuid),
        literal(job.access_level, Text),
        literal(job.organization_id, Uuid),
        literal(job.created_by, Uuid),
    )
    rows = select(*owner, *_DESCRIBED.c).order_by(_DESCRIBED.c.name_key)
    insertion = postgresql.insert(_COMPANIES).from_select(_COLUMNS, rows)
    try:
        with session.begin_nested():
            session.execute(insertion)
        return len(described)
    except IntegrityError as error:
        if not isinstance(error.orig, UniqueViolation):
            raise
    added = session.execute(insertion.on_conflict_do_nothing(), execution_options={"preserve_rowcount": True})
    return typed(CursorResult[Any], added).rowcount


def describe(session: Session, job: Job, described: pa.Table) -> None:
    """Add what is said of stored companies, by their ids, that nobody knew before; what is known stays.

    Companies that the submitter may not edit are passed over: row-level security does not show them for update.
    """
    copy_rows(session, _DESCRIBED, described)
    owner = owner_of(job)
    given = select(_DESCRIBED).order_by(_DESCRIBED.c.id).offset(FENCE).subquery("given")
    other = _COMPANIES.alias("other")
    taken = exists().where(
        other.c.tenant_id == owner.c.tenant_id,
        other.c.scope_id == owner.c.scope_id,
        other.c.symbol == given.c.symbol,
    )
    company = (
        select(_COMPANIES)
        .where(
            _COMPANY.tenant_id == owner.c.tenant_id,
            _COMPANY.id == given.c.id,
            or_(*(and_(_COMPANY[name].is_(None), given.c[name].is_not(None)) for name in DESCRIPTIONS)),
        )
        .offset(FENCE)
        .with_for_update(key_share=True)
        .lateral("company")
    )
    # In the name of the submitter, who is not always the one who made it.
    rows = select(
        *(company.c[name] for name in _OWNER[:-1]),
        literal(job.created_by, Uuid),
        *(company.c[name] for name in ("id", "name", "name_key")),
        case((and_(company.c.symbol.is_(None), ~taken), given.c.symbol)),
        *(given.c[name] for name in DESCRIPTIONS[1:]),
    ).select_from(given.join(owner, true()).join(company, true()))
    upsert = postgresql.insert(_COMPANIES).from_select(_COLUMNS, rows)
    session.execute(
        upsert.on_conflict_do_update(
            index_elements=["tenant_id", "id"],
            set_={name: func.coalesce(_COMPANY[name], upsert.excluded[name]) for name in DESCRIPTIONS}
            | {"version": _COMPANY.version + 1, "updated_at": func.now()},
        )
    )
