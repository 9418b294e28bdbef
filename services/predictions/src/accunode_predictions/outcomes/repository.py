"""The SQL of outcomes."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from accunode_common.auth.subject import Subject
from accunode_common.http.pagination import PageOf, PageParameters, SortOrder, paginate
from accunode_credit.models.credit import Company, Outcome
from accunode_credit.records import own_scopes
from accunode_predictions.outcomes.filters import OutcomeFilters


async def page(
    session: AsyncSession, subject: Subject, filters: OutcomeFilters, order: SortOrder, paging: PageParameters
) -> PageOf[Outcome]:
    """The caller's own outcomes and its organization's."""
    statement = select(Outcome)
    if filters.defaulted_from is not None:
        statement = statement.where(Outcome.defaulted_on >= filters.defaulted_from)
    if filters.defaulted_to is not None:
        statement = statement.where(Outcome.defaulted_on <= filters.defaulted_to)
    return await paginate(session, statement, order, paging, groups=own_scopes(subject))


async def of_company(session: AsyncSession, company: Company) -> Sequence[Outcome]:
    """The outcomes of a company, the earliest first."""
    found = await session.scalars(
        select(Outcome)
        .where(Outcome.tenant_id == company.tenant_id, Outcome.company_id == company.id)
        .order_by(Outcome.defaulted_on)
    )
    return found.all()


async def add(session: AsyncSession, values: Sequence[Mapping[str, Any]]) -> Sequence[Outcome]:
    """New outcomes, but for those whose company has one of that day."""
    added = await session.scalars(insert(Outcome).values(list(values)).on_conflict_do_nothing().returning(Outcome))
    return added.all()


async def remove(session: AsyncSession, outcome: Outcome) -> None:
    """Delete the outcome."""
    await session.execute(delete(Outcome).where(Outcome.tenant_id == outcome.tenant_id, Outcome.id == outcome.id))
