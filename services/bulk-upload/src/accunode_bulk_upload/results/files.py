"""Results and errors as files, streamed: rows are read in batches, each in a short transaction of its own."""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from io import BytesIO

from accunode_bulk_upload.results import repository
from accunode_bulk_upload.results.rendering import (
    ERROR_COLUMNS,
    error_cells,
    result_cells,
    result_columns,
)
from accunode_common.auth.subject import Subject
from accunode_common.db.session import Database
from accunode_common.models.bulk import Job
from accunode_common.tabular import Cell, FileFormat, OutputColumn, open_writer
from accunode_scoring import Kind

BATCH_ROWS = 2_000
_PIECE_BYTES = 256 * 1024
_SPOOL_BYTES = 8 * 1024 * 1024

Batches = AsyncIterator[list[list[Cell]]]


@dataclass(frozen=True, slots=True)
class JobFiles:
    """Files about one job, as the caller may see it."""

    database: Database
    subject: Subject
    job: Job

    def results(self, file_format: FileFormat) -> AsyncIterator[bytes]:
        """The stored rows with their scores, in the file's order."""
        return write(file_format, result_columns(Kind(self.job.kind or "")), self._result_batches())

    def errors(self, file_format: FileFormat, *, with_skipped: bool) -> AsyncIterator[bytes]:
        """The row issues, in the file's order."""
        return write(file_format, ERROR_COLUMNS, self._error_batches(with_skipped))

    async def _result_batches(self) -> Batches:
        kind = Kind(self.job.kind or "")
        last = -1
        while True:
            async with self.database.transaction(self.subject.access) as session:
                rows = await repository.predictions_after(session, self.job, last, BATCH_ROWS)
                companies = await repository.companies_of(session, self.job.tenant_id, rows)
            yield [result_cells(kind, row, companies[row.company_id]) for row in rows]
            if len(rows) < BATCH_ROWS:
                return
            last = rows[-1].row_number or 0

    async def _error_batches(self, with_skipped: bool) -> Batches:
        last = (-1, -1)
        while True:
            async with self.database.transaction(self.subject.access) as session:
                issues = await repository.issues_after(session, self.job, last, BATCH_ROWS, with_skipped=with_skipped)
            yield [error_cells(issue) for issue in issues]
            if len(issues) < BATCH_ROWS:
                return
            last = (issues[-1].row_number, issues[-1].position)


async def write(file_format: FileFormat, columns: Sequence[OutputColumn], batches: Batches) -> AsyncIterator[bytes]:
    """A file in pieces: CSV as the rows come, the other formats when they are complete."""
    if file_format is FileFormat.CSV:
        sink = BytesIO()
        with open_writer(file_format, sink, columns, bom=True) as writer:
            async for batch in batches:
                writer.write(batch)
                yield sink.getvalue()
                sink.seek(0)
                sink.truncate()
        return
    with tempfile.SpooledTemporaryFile(max_size=_SPOOL_BYTES) as spool:
        with open_writer(file_format, spool, columns) as writer:
            async for batch in batches:
                await asyncio.to_thread(writer.write, batch)
        spool.seek(0)
        while piece := await asyncio.to_thread(spool.read, _PIECE_BYTES):
            yield piece
