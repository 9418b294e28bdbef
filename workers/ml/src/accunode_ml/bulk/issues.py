"""Writes down why rows of a file are not stored: one copy for all of them."""

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy.orm import Session

from accunode_common.models.bulk import Job, RowOutcome
from accunode_ml.ingest import RejectedRow, SkippedRow

_COPY = (
    "copy bulk.row_issues"
    " (tenant_id, job_id, row_number, position, outcome, column_name, code, message, value, company) from stdin"
)
_MOST_PER_ROW = 50

Issue = tuple[Any, ...]


def copy_issues(session: Session, job: Job, rejected: Sequence[RejectedRow], skipped: Sequence[SkippedRow]) -> None:
    """Add an issue for each problem of a rejected row and one for each skipped row."""
    if not rejected and not skipped:
        return
    driver = session.connection().connection.driver_connection
    if driver is None:
        raise RuntimeError("the session has no connection to copy through")
    with driver.cursor() as cursor, cursor.copy(_COPY) as copy:
        for issue in _issues(job, rejected, skipped):
            copy.write_row(issue)


def _issues(job: Job, rejected: Sequence[RejectedRow], skipped: Sequence[SkippedRow]) -> Iterator[Issue]:
    for row in rejected:
        for position, problem in enumerate(row.problems[:_MOST_PER_ROW]):
            yield (
                job.tenant_id,
                job.id,
                row.line,
                position,
                RowOutcome.REJECTED.value,
                problem.column,
                problem.code.value,
                problem.message,
                problem.value,
                row.company or None,
            )
    for skip in skipped:
        yield (
            job.tenant_id,
            job.id,
            skip.line,
            0,
            RowOutcome.SKIPPED.value,
            None,
            skip.code.value,
            skip.message,
            None,
            skip.company or None,
        )
