"""The SQL of predictions."""

from collections.abc import AsyncGenerator, Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    FromClause,
    Select,
    Subquery,
    and_,
    bindparam,
    cast,
    delete,
    func,
    select,
    true,
    update,
)
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from accunode_common.auth.subject import Subject
from accunode_common.db.addition import Addition
from accunode_common.db.session import Database, Reach
from accunode_common.http.page_columns import Columns
from accunode_common.http.pagination import Ahead, PageOf, PageParameters, SortOrder, paginate
from accunode_common.ids import new_id
from accunode_common.models.columns import AccessLevel
from accunode_common.names import clean_symbol
from accunode_credit.columns import as_text, select_inputs
from accunode_credit.earlier_versions import as_version, keep
from accunode_credit.files import selected
from accunode_credit.models.credit import Company, Prediction, PredictionCount, PredictionVersion
from accunode_credit.models.registry import ShadowScore
from accunode_credit.records import AnyCaller, by_band, own_records, own_scopes, system_scope
from accunode_predictions.predictions.filters import PredictionFilters, QuarterlyFilters
from accunode_predictions.predictions.schemas import CompanyReference, PredictionFields
from accunode_scoring import Kind

_BEFORE_ALL = UUID(int=2**128 - 1)
"""Greater than every id."""

OF_COMPANY = tuple(name for name in CompanyReference.model_fields if name != "id")
"""What an item says of its company, beside the id; listed as `company_…`."""

_COUNTED_BY = {"access_level", "fiscal_year", "fiscal_quarter", "sector", "risk_level"}


def _listed(kind: Kind) -> Columns:
    """What an item of a list says, in its order, with the company's id for the company; then what is put together."""
    elsewhere: dict[str, ColumnElement[Any]] = {**as_text(), "company": Company.id.label("company")}
    own: list[Any] = [elsewhere.get(name, getattr(Prediction, name, None)) for name in PredictionFields.model_fields]
    company = [
        getattr(Company, name).label(f"company_{name}") for name in CompanyReference.model_fields if name != "id"
    ]
    inputs = [Prediction.amounts] if kind is Kind.STATEMENT else select_inputs(kind)
    same = and_(Company.tenant_id == Prediction.tenant_id, Company.id == Prediction.company_id)
    return Columns((*own, Prediction.fiscal_quarter, *company, *inputs), joined=((Company, same),))


_LISTED = {kind: _listed(kind) for kind in Kind}


def _matching(kind: Kind, filters: PredictionFilters) -> Select[Prediction]:
    """The records that pass `filters`, whoever owns them. Companies are joined when a filter needs them."""
    statement = select(Prediction).where(Prediction.kind == kind, *_conditions(filters))
    if filters.symbol is not None or filters.sector is not None:
        same = and_(Company.tenant_id == Prediction.tenant_id, Company.id == Prediction.company_id)
        statement = statement.join(Company, same)
    if filters.symbol is not None:
        statement = statement.where(Company.symbol == clean_symbol(filters.symbol))
    if filters.sector is not None:
        statement = statement.where(Company.sector == filters.sector)
    return statement


def _conditions(filters: PredictionFilters, of: Any = Prediction) -> list[ColumnElement[bool]]:
    """The conditions on a prediction, by an alias of the table."""
    conditions: list[ColumnElement[bool]] = []
    equal: dict[str, Any] = {
        "company_id": filters.company_id,
        "fiscal_year": filters.fiscal_year,
        "risk_level": filters.risk_level,
        "access_level": filters.access_level and AccessLevel(filters.access_level),
        "job_id": filters.job_id,
        "fiscal_quarter": filters.fiscal_quarter if isinstance(filters, QuarterlyFilters) else None,
    }
    conditions.extend(getattr(of, name) == value for name, value in equal.items() if value is not None)
    if filters.pd_min is not None:
        conditions.append(of.pd >= filters.pd_min)
    if filters.pd_max is not None:
        conditions.append(of.pd <= filters.pd_max)
    if filters.created_from is not None:
        conditions.append(of.created_at >= filters.created_from)
    if filters.created_to is not None:
        conditions.append(of.created_at < filters.created_to)
    return conditions


async def exported(
    database: Database,
    subject: Subject,
    kind: Kind,
    filters: PredictionFilters,
    headings: Sequence[str],
    size: int,
    *,
    system: bool,
) -> AsyncGenerator[Sequence[Sequence[Any]]]:
    """The rows of an export, newest first, a block in each short transaction: clients may read slowly.

    What is added meanwhile is newer than the first block and not among them; what is edited is as it is when read.
    Each heading is one of `accunode_credit.files`, the first `prediction_id`.
    """
    block = aliased(Prediction, _newest(subject, kind, filters, size, system=system))
    statement = (
        select(*selected(kind, headings, block))
        .join(Company, and_(Company.tenant_id == block.tenant_id, Company.id == block.company_id))
        .order_by(block.id.desc())
    )
    last = _BEFORE_ALL
    while True:
        async with database.transaction(subject.access) as session:
            # Rows of columns need nothing that a session does for entities, and it would take as long as reading them.
            connection = await session.connection()
            rows = (await connection.execute(statement, {"last": last})).all()
        if rows:
            yield rows
        if len(rows) < size:
            return
        last = UUID(rows[-1][0])


def _newest(subject: Subject, kind: Kind, filters: PredictionFilters, size: int, *, system: bool) -> Subquery:
    """The next so many of a list. Who sees all of the tenant reads by its key, others a list of each scope, merged."""
    found = _matching(kind, filters).where(Prediction.id < bindparam("last")).order_by(Prediction.id.desc()).limit(size)
    if subject.read_reach is Reach.TENANT and not system:
        return found.where(own_records(Prediction, subject)).subquery()
    level = filters.access_level and AccessLevel(filters.access_level)
    scopes = system_scope(subject) if system else own_scopes(subject, level)
    owned = (Prediction.tenant_id == scopes.c.tenant_id, Prediction.scope_id == scopes.c.scope_id)
    of_scope = found.where(*owned).lateral()
    merged = select(of_scope).select_from(scopes.join(of_scope, true()))
    return merged.order_by(of_scope.c.id.desc()).limit(size).subquery()


async def page(
    session: AsyncSession,
    subject: Subject,
    kind: Kind,
    filters: PredictionFilters,
    order: SortOrder,
    paging: PageParameters,
    *,
    system: bool,
) -> PageOf[dict[str, Any]]:
    """One page of the caller's own and organization records, or of the system's records, as `_listed` says."""
    level = filters.access_level and AccessLevel(filters.access_level)
    by_pd = order.keys[0].column is Prediction.pd_band
    counted = _counted(subject, kind, filters) if paging.with_total and not system else None
    columns = _LISTED[kind]
    if filters.model_dump(exclude_none=True).keys() <= {"access_level"}:
        listed, groups = _of_any_caller(kind, subject.read_reach, level, system=system, by_pd=by_pd)
        values = AnyCaller.values(subject)
        return await paginate(
            session, listed, order, paging, groups=groups, counted=counted, columns=columns, values=values
        )
    scopes = system_scope(subject) if system else own_scopes(subject, level)
    groups, ahead = scopes, None
    if by_pd:
        groups = by_band(scopes)
    elif filters.risk_level is not None:
        groups = by_band(scopes)
        ahead = _of_any_level(kind, filters, scopes)
    listed = _matching(kind, filters)
    return await paginate(session, listed, order, paging, groups=groups, counted=counted, ahead=ahead, columns=columns)


@lru_cache(maxsize=128)
def _of_any_caller(
    kind: Kind, reach: Reach, level: AccessLevel | None, *, system: bool, by_pd: bool
) -> tuple[Select[Prediction], FromClause]:
    """The records of a kind, and the groups of those that a caller of that reach sees."""
    caller = AnyCaller(reach)
    scopes = system_scope(caller) if system else own_scopes(caller, level)
    return _matching(kind, PredictionFilters(access_level=level)), by_band(scopes) if by_pd else scopes


def _of_any_level(kind: Kind, filters: PredictionFilters, scopes: FromClause) -> Ahead | None:
    """The same list among predictions of any level; None where companies tell what is in it."""
    if filters.symbol is not None or filters.sector is not None:
        return None
    of_kind = select(Prediction).where(Prediction.kind == kind)
    return Ahead(of_kind, scopes, lambda prediction: and_(*_conditions(filters, prediction)), rows=3000)


def _counted(subject: Subject, kind: Kind, filters: PredictionFilters) -> Select[int] | None:
    """How many records pass the filters, from what is counted already; None where that does not tell."""
    given = filters.model_dump(exclude_none=True)
    if not given.keys() <= _COUNTED_BY:
        return None
    equal = (getattr(PredictionCount, name) == value for name, value in given.items())
    number = cast(func.coalesce(func.sum(PredictionCount.predictions), 0), BigInteger)
    every = (own_records(PredictionCount, subject), PredictionCount.kind == kind, ~PredictionCount.is_newest)
    return select(number).where(*every, *equal)


async def companies_of(session: AsyncSession, predictions: Iterable[Prediction]) -> Mapping[UUID, Company]:
    """The companies of these predictions, by id."""
    rows = list(predictions)
    if not rows:
        return {}
    found = await session.scalars(
        select(Company).where(
            Company.tenant_id.in_({row.tenant_id for row in rows}), Company.id.in_({row.company_id for row in rows})
        )
    )
    return {company.id: company for company in found}


_ADDITION = Addition(Prediction)


async def add(session: AsyncSession, values: Mapping[str, Any]) -> Prediction | None:
    """A new prediction, or None if its company has one for that kind and period."""
    # Of a company's first two, added at once, one waits for the other to be its newest; it then is the second.
    return await _ADDITION.add(session, values) or await _ADDITION.add(session, values)


async def id_of_period(
    session: AsyncSession, company: Company, kind: Kind, fiscal_year: int, fiscal_quarter: int | None
) -> UUID | None:
    """The prediction of a company for a period."""
    found: UUID | None = await session.scalar(
        select(Prediction.id).where(
            Prediction.tenant_id == company.tenant_id,
            Prediction.company_id == company.id,
            Prediction.kind == kind,
            Prediction.fiscal_year == fiscal_year,
            Prediction.fiscal_quarter.is_not_distinct_from(fiscal_quarter),
        )
    )
    return found


async def change(session: AsyncSession, prediction: Prediction, values: Mapping[str, Any]) -> Prediction:
    """The prediction with other values and the next version."""
    changed = await session.scalars(
        update(Prediction)
        .where(Prediction.tenant_id == prediction.tenant_id, Prediction.id == prediction.id)
        .values(**values, version=Prediction.version + 1, updated_at=func.now())
        .returning(Prediction)
        .execution_options(populate_existing=True)
    )
    return changed.one()


async def keep_version(session: AsyncSession, prediction: Prediction, replaced_by: UUID) -> None:
    """Keep the prediction as it is now, before it changes."""
    await session.execute(
        keep(
            as_version(prediction.kind, version_id=new_id(), replaced_by=replaced_by).where(
                Prediction.tenant_id == prediction.tenant_id, Prediction.id == prediction.id
            )
        )
    )


async def versions_of(session: AsyncSession, prediction: Prediction) -> Sequence[PredictionVersion]:
    """The earlier versions of a prediction, newest first."""
    found = await session.scalars(
        select(PredictionVersion)
        .where(PredictionVersion.tenant_id == prediction.tenant_id, PredictionVersion.prediction_id == prediction.id)
        .order_by(PredictionVersion.version.desc())
    )
    return found.all()


async def remove(session: AsyncSession, prediction: Prediction) -> None:
    """Delete the prediction and its earlier versions."""
    await session.execute(
        delete(Prediction).where(Prediction.tenant_id == prediction.tenant_id, Prediction.id == prediction.id)
    )


async def note_shadow(session: AsyncSession, prediction: Prediction, version: str, pd: float) -> None:
    """Keep what a challenger says of a prediction, instead of what it said before."""
    statement = insert(ShadowScore).values(
        tenant_id=prediction.tenant_id, prediction_id=prediction.id, version=version, pd=pd
    )
    await session.execute(
        statement.on_conflict_do_update(
            index_elements=[ShadowScore.tenant_id, ShadowScore.prediction_id, ShadowScore.version],
            set_={"pd": pd, "created_at": func.now()},
        )
    )
