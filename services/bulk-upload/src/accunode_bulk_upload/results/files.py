"""Results and errors as files: rows are read in batches, each in a short transaction of its own."""

from dataclasses import dataclass

from fastapi.responses import StreamingResponse

from accunode_bulk_upload.results import repository
from accunode_bulk_upload.results.rendering import (
    ERROR_COLUMNS,
    error_cells,
    result_cells,
    result_columns,
)
from accunode_common.auth.subject import Subject
from accunode_common.db.session import Database
from accunode_common.http.files import Blocks, table_reply
from accunode_common.tabular import FileFormat
from accunode_credit.models.bulk import Job
from accunode_scoring import Kind

BATCH_ROWS = 2_000


@dataclass(frozen=True, slots=True)
class JobFiles:
    """Files about one job, as the caller may see it."""

    database: Database
    subject: Subject
    job: Job

    async def results(self, file_format: FileFormat) -> StreamingResponse:
        """The stored rows with their scores, in the file's order.

        Raises:
            UnprocessableInputError: The format does not hold so many rows.
        """
        columns = result_columns(Kind(self.job.kind or ""))
        return await table_reply(file_format, columns, self._result_batches(), name=f"results-{self.job.id}")

    async def errors(self, file_format: FileFormat, *, with_skipped: bool) -> StreamingResponse:
        """The row issues, in the file's order.

        Raises:
            UnprocessableInputError: The format does not hold so many rows.
        """
        batches = self._error_batches(with_skipped)
        return await table_reply(file_format, ERROR_COLUMNS, batches, name=f"errors-{self.job.id}")

    async def _result_batches(self) -> Blocks:
        last = -1
        while True:
            async with self.database.transaction(self.subject.access) as session:
                rows = await repository.predictions_after(session, self.job, last, BATCH_ROWS)
                companies = await repository.companies_of(session, self.job.tenant_id, rows)
            yield [result_cells(row, companies[row.company_id]) for row in rows]
            if len(rows) < BATCH_ROWS:
                return
            last = rows[-1].row_number or 0

    async def _error_batches(self, with_skipped: bool) -> Blocks:
        last = (-1, -1)
        while True:
            async with self.database.transaction(self.subject.access) as session:
                issues = await repository.issues_after(session, self.job, last, BATCH_ROWS, with_skipped=with_skipped)
            yield [error_cells(issue) for issue in issues]
            if len(issues) < BATCH_ROWS:
                return
            last = (issues[-1].row_number, issues[-1].position)
