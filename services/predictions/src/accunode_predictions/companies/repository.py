"""The SQL of companies."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, case, delete, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from accunode_common.auth.subject import Subject
from accunode_common.http.pagination import PageOf, PageParameters, SortOrder, paginate
from accunode_common.models.columns import AccessLevel
from accunode_common.names import clean_symbol, name_key
from accunode_credit.companies import candidates
from accunode_credit.models.credit import Company, Outcome, Prediction
from accunode_credit.newest import newest_first, oldest_first
from accunode_credit.records import visible_records
from accunode_predictions.companies.filters import CompanyFilters
from accunode_scoring import RiskLevel


def _newest_level() -> ColumnElement[str]:
    return (
        select(Prediction.risk_level)
        .where(Prediction.tenant_id == Company.tenant_id, Prediction.company_id == Company.id, Prediction.is_newest)
        .order_by(*newest_first())
        .limit(1)
        .correlate(Company)
        .scalar_subquery()
    )


def _listing(subject: Subject, filters: CompanyFilters) -> Select[Company]:
    statement = select(Company).where(visible_records(Company, subject, filters.access_level))
    if filters.symbol is not None:
        statement = statement.where(Company.symbol == clean_symbol(filters.symbol))
    if filters.sector is not None:
        statement = statement.where(Company.sector == filters.sector)
    if filters.search is not None:
        statement = statement.where(Company.name_key.contains(name_key(filters.search), autoescape=True))
    if filters.risk_level is not None:
        statement = statement.where(_newest_level() == RiskLevel(filters.risk_level))
    return statement


async def page(
    session: AsyncSession, subject: Subject, filters: CompanyFilters, order: SortOrder, paging: PageParameters
) -> PageOf[Company]:
    """The caller's visible companies."""
    return await paginate(session, _listing(subject, filters), order, paging)


async def newest_predictions(
    session: AsyncSession, tenant_ids: Iterable[UUID], company_ids: Iterable[UUID]
) -> Mapping[tuple[UUID, str], Prediction]:
    """The newest prediction of each company and kind."""
    rows = await session.scalars(
        select(Prediction).where(
            Prediction.tenant_id.in_(set(tenant_ids)), Prediction.company_id.in_(set(company_ids)), Prediction.is_newest
        )
    )
    return {(row.company_id, row.kind): row for row in rows}


async def by_symbol(session: AsyncSession, subject: Subject, symbol: str, level: AccessLevel | None) -> Company | None:
    """The company of that symbol: personal before organization before system, and the oldest of several."""
    nearest = case({AccessLevel.PERSONAL: 0, AccessLevel.ORGANIZATION: 1}, value=Company.access_level, else_=2)
    found: Company | None = await session.scalar(
        select(Company)
        .where(visible_records(Company, subject, level), Company.symbol == clean_symbol(symbol))
        .order_by(nearest, Company.id)
        .limit(1)
    )
    return found


async def in_scope(
    session: AsyncSession, tenant_id: UUID, scope_id: UUID, *, key: str, symbol: str | None
) -> Sequence[Company]:
    """The companies of one scope that have that name or that symbol: two at most."""
    found = await session.scalars(candidates(tenant_id, scope_id, symbol=symbol, name_key=key))
    return found.all()


async def add(session: AsyncSession, values: Mapping[str, Any]) -> Company | None:
    """A new company, or None if its scope has one of that name or symbol."""
    added: Company | None = await session.scalar(
        insert(Company).values(**values).on_conflict_do_nothing().returning(Company)
    )
    return added


async def change(session: AsyncSession, company: Company, values: Mapping[str, Any]) -> Company:
    """The company with other values and the next version.

    Raises:
        IntegrityError: Its scope has another company of that name or symbol; the transaction goes on.
    """
    async with session.begin_nested():
        changed = await session.scalars(
            update(Company)
            .where(Company.tenant_id == company.tenant_id, Company.id == company.id)
            .values(**values, version=Company.version + 1, updated_at=func.now())
            .returning(Company)
            .execution_options(populate_existing=True)
        )
    return changed.one()


async def remove(session: AsyncSession, company: Company) -> None:
    """Delete the company with its predictions, their versions and its outcomes."""
    await session.execute(delete(Company).where(Company.tenant_id == company.tenant_id, Company.id == company.id))


async def records_of_others(session: AsyncSession, company: Company) -> dict[str, int]:
    """How many of each kind of record about the company the caller may not delete; the others are locked."""
    found = {}
    for named, model in (("prediction", Prediction), ("outcome", Outcome)):
        about = (model.tenant_id == company.tenant_id, model.company_id == company.id)
        locked = (await session.scalars(select(model.id).where(*about).with_for_update())).all()
        seen = await session.scalar(select(func.count()).select_from(model).where(*about))
        found[named] = (seen or 0) - len(locked)
    return found


async def predictions_of(session: AsyncSession, company: Company) -> Sequence[Prediction]:
    """Every prediction of a company, oldest period first."""
    found = await session.scalars(
        select(Prediction)
        .where(Prediction.tenant_id == company.tenant_id, Prediction.company_id == company.id)
        .order_by(*oldest_first())
    )
    return found.all()
