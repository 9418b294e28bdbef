"""Results and errors as files: rows are read in blocks, each in a short transaction of its own."""

from dataclasses import dataclass
from uuid import UUID

from fastapi.responses import StreamingResponse

from accunode_bulk_upload.results import repository
from accunode_bulk_upload.results.rendering import ERROR_COLUMNS, result_headings
from accunode_bulk_upload.uploads import service as uploads
from accunode_common.auth.subject import Subject
from accunode_common.db.session import Database
from accunode_common.http.files import Blocks, table_reply
from accunode_common.tabular import FileFormat
from accunode_credit.files import output_columns, shown
from accunode_credit.jobs import kind_of
from accunode_credit.models.bulk import Job

BLOCK_ROWS = 5000


@dataclass(frozen=True, slots=True)
class JobFiles:
    """Files about one job, as the caller may see it."""

    database: Database
    subject: Subject
    job_id: UUID

    async def results(self, file_format: FileFormat) -> StreamingResponse:
        """The stored rows with their scores, in the file's order.

        Raises:
            NotFoundError: The caller sees no such job.
        """
        job = await self._job()
        columns = output_columns(result_headings(kind_of(job)))
        return await table_reply(file_format, columns, self._results(job), name=f"results-{job.id}")

    async def errors(self, file_format: FileFormat, *, with_skipped: bool) -> StreamingResponse:
        """The row issues, in the file's order.

        Raises:
            NotFoundError: The caller sees no such job.
        """
        job = await self._job()
        return await table_reply(file_format, ERROR_COLUMNS, self._errors(job, with_skipped), name=f"errors-{job.id}")

    async def _job(self) -> Job:
        async with self.database.transaction(self.subject.access) as session:
            return await uploads.get(session, self.subject, self.job_id)

    async def _results(self, job: Job) -> Blocks:
        headings = result_headings(kind_of(job))
        last = -1
        while True:
            async with self.database.transaction(self.subject.access) as session:
                rows = await repository.predictions_after(session, job, headings, last, BLOCK_ROWS)
            yield shown(headings, rows)
            if len(rows) < BLOCK_ROWS:
                return
            last = rows[-1].row_number

    async def _errors(self, job: Job, with_skipped: bool) -> Blocks:
        last = (-1, -1)
        while True:
            async with self.database.transaction(self.subject.access) as session:
                rows = await repository.issues_after(session, job, last, BLOCK_ROWS, with_skipped=with_skipped)
            *columns, _ = zip(*rows, strict=True) if rows else ((),)
            yield columns
            if len(rows) < BLOCK_ROWS:
                return
            last = (rows[-1].row_number, rows[-1].position)
