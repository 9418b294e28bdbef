"""Reading what became of a job's rows."""

import asyncio

from sqlalchemy.ext.asyncio import AsyncSession

from accunode_bulk_upload.results import repository
from accunode_bulk_upload.results.rendering import result_rows
from accunode_bulk_upload.results.schemas import ResultRow
from accunode_common.http.pagination import PageOf, PageParameters, SortKey, SortOrder
from accunode_common.http.schemas import Page
from accunode_credit.models.bulk import Job, RowIssue
from accunode_credit.models.credit import Prediction
from accunode_scoring import ModelLibrary, RiskLevel

_ROW_ORDER = SortOrder("row_number", (SortKey(Prediction.row_number, descending=False),))
_ISSUE_ORDER = SortOrder(
    "row_number", (SortKey(RowIssue.row_number, descending=False), SortKey(RowIssue.position, descending=False))
)


async def stored_rows(
    session: AsyncSession, job: Job, paging: PageParameters, models: ModelLibrary, *, risk_level: RiskLevel | None
) -> Page[ResultRow]:
    """What the job stored, in the file's order, with the reasons that the models give."""
    found = await repository.page_of_predictions(session, job, _ROW_ORDER, paging, risk_level=risk_level)
    companies = await repository.companies_of(session, job.tenant_id, found.rows)
    items = await asyncio.to_thread(result_rows, found.rows, companies, models)
    return Page(items=items, next_cursor=found.next_cursor, total=found.total)


async def row_issues(
    session: AsyncSession, job: Job, paging: PageParameters, *, with_skipped: bool
) -> PageOf[RowIssue]:
    """Why rows are not stored, in the file's order."""
    return await repository.page_of_issues(session, job, _ISSUE_ORDER, paging, with_skipped=with_skipped)
