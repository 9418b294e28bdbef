"""The SQL of results."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Select, and_, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from accunode_common.http.pagination import PageOf, PageParameters, SortOrder, paginate
from accunode_credit.files import selected
from accunode_credit.jobs import kind_of
from accunode_credit.models.bulk import Job, RowIssue, RowOutcome
from accunode_credit.models.credit import Company, Prediction
from accunode_scoring import RiskLevel


def predictions(job: Job, *, risk_level: RiskLevel | None = None) -> Select[Prediction]:
    """What the job stored and nobody has overwritten since."""
    statement = select(Prediction).where(Prediction.tenant_id == job.tenant_id, Prediction.job_id == job.id)
    return statement if risk_level is None else statement.where(Prediction.risk_level == risk_level)


def issues(job: Job, *, with_skipped: bool) -> Select[RowIssue]:
    """Why rows of the job's file are not stored."""
    statement = select(RowIssue).where(RowIssue.tenant_id == job.tenant_id, RowIssue.job_id == job.id)
    return statement if with_skipped else statement.where(RowIssue.outcome == RowOutcome.REJECTED)


async def page_of_predictions(
    session: AsyncSession, job: Job, order: SortOrder, paging: PageParameters, *, risk_level: RiskLevel | None
) -> PageOf[Prediction]:
    """A page of what the job stored and nobody has overwritten since."""
    return await paginate(session, predictions(job, risk_level=risk_level), order, paging)


async def page_of_issues(
    session: AsyncSession, job: Job, order: SortOrder, paging: PageParameters, *, with_skipped: bool
) -> PageOf[RowIssue]:
    """A page of why rows of the job's file are not stored."""
    return await paginate(session, issues(job, with_skipped=with_skipped), order, paging)


async def predictions_after(
    session: AsyncSession, job: Job, headings: Sequence[str], row_number: int, limit: int
) -> Sequence[Any]:
    """The next stored rows in the file's order: what `accunode_credit.files` selects for the headings."""
    statement = (
        predictions(job)
        .with_only_columns(*selected(kind_of(job), headings))
        .join(Company, and_(Company.tenant_id == Prediction.tenant_id, Company.id == Prediction.company_id))
        .where(Prediction.row_number > row_number)
        .order_by(Prediction.row_number)
        .limit(limit)
    )
    # Rows of columns need nothing that a session does for entities.
    connection = await session.connection()
    return (await connection.execute(statement)).all()


async def issues_after(
    session: AsyncSession, job: Job, last: tuple[int, int], limit: int, *, with_skipped: bool
) -> Sequence[Any]:
    """The next row issues in the file's order: the columns of a file of errors, and the position within a row."""
    place = (RowIssue.row_number, RowIssue.position)
    columns = (
        RowIssue.outcome,
        RowIssue.company,
        RowIssue.column_name,
        RowIssue.code,
        RowIssue.message,
        RowIssue.value,
    )
    statement = (
        issues(job, with_skipped=with_skipped)
        .with_only_columns(RowIssue.row_number, *columns, RowIssue.position)
        .where(tuple_(*place) > last)
        .order_by(*place)
        .limit(limit)
    )
    connection = await session.connection()
    return (await connection.execute(statement)).all()


async def companies_of(session: AsyncSession, tenant_id: UUID, rows: Iterable[Prediction]) -> Mapping[UUID, Company]:
    """The companies of these predictions, by id."""
    ids = {row.company_id for row in rows}
    if not ids:
        return {}
    found = await session.scalars(select(Company).where(Company.tenant_id == tenant_id, Company.id.in_(ids)))
    return {company.id: company for company in found}
