"""Reading what became of a job's rows."""

import asyncio
from uuid import UUID

from accunode_bulk_upload.results import repository
from accunode_bulk_upload.results.rendering import result_rows, row_error
from accunode_bulk_upload.results.schemas import ResultRow, RowError
from accunode_bulk_upload.uploads import service as uploads
from accunode_common.auth.subject import Subject
from accunode_common.db.session import Database
from accunode_common.http.pagination import PageOf, PageParameters, SortKey, SortOrder
from accunode_credit.models.bulk import RowIssue
from accunode_credit.models.credit import Prediction
from accunode_scoring import ModelLibrary, RiskLevel

_ROW_ORDER = SortOrder("row_number", (SortKey(Prediction.row_number, descending=False),))
_ISSUE_ORDER = SortOrder(
    "row_number", (SortKey(RowIssue.row_number, descending=False), SortKey(RowIssue.position, descending=False))
)


async def stored_rows(
    database: Database,
    subject: Subject,
    job_id: UUID,
    paging: PageParameters,
    models: ModelLibrary,
    *,
    risk_level: RiskLevel | None,
) -> PageOf[ResultRow]:
    """What the job stored, in the file's order, with the reasons that the models give.

    Raises:
        NotFoundError: The caller sees no such job.
    """
    async with database.transaction(subject.access) as session:
        job = await uploads.get(session, subject, job_id)
        found = await repository.page_of_predictions(session, job, _ROW_ORDER, paging, risk_level=risk_level)
        companies = await repository.companies_of(session, job.tenant_id, found.rows)
    items = await asyncio.to_thread(result_rows, found.rows, companies, models)
    return found.showing(items)


async def row_errors(
    database: Database, subject: Subject, job_id: UUID, paging: PageParameters, *, with_skipped: bool
) -> PageOf[RowError]:
    """Why rows are not stored, in the file's order.

    Raises:
        NotFoundError: The caller sees no such job.
    """
    async with database.transaction(subject.access) as session:
        job = await uploads.get(session, subject, job_id)
        found = await repository.page_of_issues(session, job, _ISSUE_ORDER, paging, with_skipped=with_skipped)
    return found.showing([row_error(issue) for issue in found.rows])
