"""Lists of predictions."""

from collections.abc import Callable
from typing import TypeVar

from sqlalchemy.ext.asyncio import AsyncSession

from accunode_common.auth.subject import Subject
from accunode_common.http.pagination import PageParameters, SortOrder
from accunode_common.http.schemas import Page
from accunode_credit.models.credit import Company, Prediction
from accunode_predictions.predictions import repository
from accunode_predictions.predictions.filters import AnnualFilters, QuarterlyFilters
from accunode_predictions.predictions.repository import matching
from accunode_scoring import Kind

Item = TypeVar("Item")


async def page(
    session: AsyncSession,
    subject: Subject,
    kind: Kind,
    filters: AnnualFilters | QuarterlyFilters,
    order: SortOrder,
    paging: PageParameters,
    render: Callable[[Prediction, Company], Item],
    *,
    system: bool = False,
) -> Page[Item]:
    """One page of the caller's own and organization records, or of the system's."""
    found = await repository.page(session, matching(subject, kind, filters, system=system), order, paging)
    companies = await repository.companies_of(session, found.rows)
    return Page(
        items=[render(row, companies[row.company_id]) for row in found.rows],
        next_cursor=found.next_cursor,
        total=found.total,
    )
