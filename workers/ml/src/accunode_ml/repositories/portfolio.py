"""`credit.predictions` and their earlier versions, as jobs over a whole portfolio read and change them, in blocks."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from typing import cast as typed
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    RowMapping,
    Select,
    Table,
    Text,
    Uuid,
    and_,
    cast,
    func,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import Session

from accunode_common.db.session import Reach
from accunode_common.models.columns import AccessLevel
from accunode_credit.columns import DECISIVE_OF_SCORE, SCORE_COLUMNS, WORD_COLUMNS, select_inputs
from accunode_credit.earlier_versions import as_version, keep
from accunode_credit.jobs import kind_of
from accunode_credit.models.bulk import Job
from accunode_credit.models.credit import Company, Prediction
from accunode_credit.newest import is_newest, newest_first
from accunode_ml.repositories.given_rows import Column, given_rows
from accunode_scoring import Kind

_PREDICTIONS = typed(Table, Prediction.__table__)
_PREDICTION = _PREDICTIONS.c
_SCORES = tuple(name for name in SCORE_COLUMNS if name != "model_version")


@dataclass(frozen=True, slots=True)
class Portfolio:
    """Companies of a tenant at some access levels, each by its newest prediction of a kind, or its newest of a year."""

    tenant_id: UUID
    kind: Kind
    levels: tuple[AccessLevel, ...]
    fiscal_year: int | None


def count_editable(session: Session, job: Job) -> int:
    """How many predictions of the job's kind belong to those whose records its submitter may edit."""
    return session.execute(select(func.count()).select_from(Prediction).where(_owned_by_submitter(job))).scalar_one()


def lock_next(session: Session, job: Job, *, after: UUID, most: int) -> Sequence[RowMapping]:
    """The next of these by id that the submitter may edit: only those are seen when locked. None at the end."""
    names = dict.fromkeys(("id", "pd", "grade", "risk_level", *DECISIVE_OF_SCORE))
    shown = [getattr(Prediction, name) for name in names]
    statement = (
        select(*shown, *select_inputs(kind_of(job)))
        .where(_owned_by_submitter(job), Prediction.id > after)
        .order_by(Prediction.id)
        .limit(most)
        .with_for_update(key_share=True)
    )
    return session.execute(statement).mappings().all()


def keep_versions(session: Session, job: Job, version_ids: Mapping[UUID, UUID]) -> None:
    """Keep predictions as they are now; the id of each one's version is given by its own."""
    given = given_rows({"id": (Uuid(), [*version_ids]), "version_id": (Uuid(), [*version_ids.values()])})
    kept = (
        as_version(kind_of(job), version_id=given.c.version_id, replaced_by=job.created_by)
        .select_from(given)
        .join(Prediction, and_(Prediction.tenant_id == job.tenant_id, Prediction.id == given.c.id))
    )
    session.execute(keep(kept))


def store_scores(session: Session, job: Job, ids: Sequence[UUID], scores: Mapping[str, Sequence[Any]]) -> None:
    """Give predictions new scores of the job's model version, by column; arrays come as PostgreSQL writes them."""
    given = given_rows({"id": (Uuid(), ids), **{name: _given_score(name, scores[name]) for name in _SCORES}})
    new = {name: cast(given.c[name], _PREDICTION[name].type) for name in _SCORES}
    words: dict[str, list[str]] = {name: [] for name in WORD_COLUMNS}
    session.execute(
        update(_PREDICTIONS)
        .where(_PREDICTION.tenant_id == job.tenant_id, _PREDICTION.id == given.c.id)
        .values(**new, **words, model_version=job.model_version, version=_PREDICTION.version + 1, updated_at=func.now())
    )


def count_companies(session: Session, portfolio: Portfolio) -> int:
    """How many companies the portfolio has."""
    newest = _newest(portfolio, Prediction.company_id).subquery()
    return session.execute(select(func.count()).select_from(newest)).scalar_one()


def next_companies(session: Session, portfolio: Portfolio, *, after: UUID, most: int) -> Sequence[RowMapping]:
    """The next companies by id, each with what its newest prediction was scored from; none at the end."""
    shown = (Prediction.id, Prediction.fiscal_year, Prediction.fiscal_quarter, Prediction.grade, Prediction.risk_level)
    newest = (
        _newest(portfolio, Prediction.tenant_id, Prediction.company_id, *shown, *select_inputs(portfolio.kind))
        .where(Prediction.company_id > after)
        .order_by(Prediction.company_id)
        .limit(most)
        .subquery()
    )
    company = and_(Company.tenant_id == newest.c.tenant_id, Company.id == newest.c.company_id)
    statement = (
        select(newest, Company.name, Company.symbol, Company.sector)
        .join(Company, company)
        .order_by(newest.c.company_id)
    )
    return session.execute(statement).mappings().all()


def next_shared(session: Session, tenant_id: UUID, kind: Kind, *, after: UUID, most: int) -> Sequence[RowMapping]:
    """The next of a tenant's predictions by id that are nobody's personal ones, with the month of their scoring."""
    month = func.to_char(Prediction.created_at, "YYYY-MM").label("month")
    shown = (Prediction.id, Prediction.company_id, Prediction.fiscal_year, Prediction.fiscal_quarter, month)
    statement = (
        select(*shown, *select_inputs(kind))
        .where(
            Prediction.tenant_id == tenant_id,
            Prediction.kind == kind,
            Prediction.access_level != AccessLevel.PERSONAL,
            Prediction.id > after,
        )
        .order_by(Prediction.id)
        .limit(most)
    )
    return session.execute(statement).mappings().all()


def _owned_by_submitter(job: Job) -> ColumnElement[bool]:
    """Predictions of the submitter, their organization, or the platform if they write its records."""
    platform = job.tenant_id if job.write_reach == Reach.PLATFORM else None
    owners = [owner for owner in (job.created_by, job.submitter_organization_id, platform) if owner is not None]
    return and_(Prediction.tenant_id == job.tenant_id, Prediction.kind == job.kind, Prediction.scope_id.in_(owners))


def _newest(portfolio: Portfolio, *columns: Any) -> Select[Any]:
    statement = select(*columns).where(
        Prediction.tenant_id == portfolio.tenant_id,
        Prediction.kind == portfolio.kind,
        Prediction.access_level.in_(portfolio.levels),
    )
    if portfolio.fiscal_year is None:
        return statement.where(is_newest())
    # The newest is that of all years together.
    return (
        statement.where(Prediction.fiscal_year == portfolio.fiscal_year)
        .ext(distinct_on(Prediction.company_id))
        .order_by(Prediction.company_id, *newest_first())
    )


def _given_score(name: str, values: Sequence[Any]) -> Column:
    """Arrays come as text: an array of arrays would have to be of one length."""
    kind = _PREDICTION[name].type
    return (Text() if isinstance(kind, ARRAY) else kind, values)
