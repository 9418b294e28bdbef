"""Reading what became of a job's rows."""

from collections.abc import Mapping
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from accunode_bulk_upload.results import repository
from accunode_common.http.pagination import PageOf, PageParameters, SortKey, SortOrder, paginate
from accunode_credit.models.bulk import Job, RowIssue
from accunode_credit.models.credit import Company, Prediction
from accunode_scoring import RiskLevel

_ROW_ORDER = SortOrder("row_number", (SortKey(Prediction.row_number, descending=False),))
_ISSUE_ORDER = SortOrder(
    "row_number", (SortKey(RowIssue.row_number, descending=False), SortKey(RowIssue.position, descending=False))
)


async def stored_rows(
    session: AsyncSession, job: Job, paging: PageParameters, *, risk_level: RiskLevel | None
) -> tuple[PageOf[Prediction], Mapping[UUID, Company]]:
    """What the job stored, in the file's order, and the companies it is about."""
    found = await paginate(session, repository.predictions(job, risk_level=risk_level), _ROW_ORDER, paging)
    return found, await repository.companies_of(session, job.tenant_id, found.rows)


async def row_issues(
    session: AsyncSession, job: Job, paging: PageParameters, *, with_skipped: bool
) -> PageOf[RowIssue]:
    """Why rows are not stored, in the file's order."""
    return await paginate(session, repository.issues(job, with_skipped=with_skipped), _ISSUE_ORDER, paging)
