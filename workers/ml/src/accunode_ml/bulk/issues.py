"""Writes down why rows of a file are not stored: one copy for all of them."""

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from accunode_credit.models.bulk import Job, RowOutcome
from accunode_ml.bulk.copying import copy_into
from accunode_ml.ingest import RejectedRow, SkippedRow

_COLUMNS = "row_number, position, outcome, column_name, code, message, value, company"
_CREATE = text("""
    create temporary table if not exists noted (
        row_number integer, position smallint, outcome text, column_name text, code text, message text, value text,
        company text
    ) on commit delete rows
""")
_COPY = f"copy noted ({_COLUMNS}) from stdin"
_ADD = text(f"""
    insert into bulk.row_issues (tenant_id, job_id, {_COLUMNS})
    select :tenant_id, :job_id, {_COLUMNS} from noted
""")  # noqa: S608
_MOST_PER_ROW = 50

Issue = tuple[Any, ...]


def copy_issues(session: Session, job: Job, rejected: Sequence[RejectedRow], skipped: Sequence[SkippedRow]) -> None:
    """Add an issue for each problem of a rejected row and one for each skipped row; once in a transaction."""
    if not rejected and not skipped:
        return
    session.execute(_CREATE)
    with copy_into(session, _COPY) as copy:
        for issue in _issues(rejected, skipped):
            copy.write_row(issue)
    session.execute(_ADD, {"tenant_id": job.tenant_id, "job_id": job.id})


def _issues(rejected: Sequence[RejectedRow], skipped: Sequence[SkippedRow]) -> Iterator[Issue]:
    for row in rejected:
        for place, problem in enumerate(row.problems[:_MOST_PER_ROW]):
            found = (problem.column, problem.code.value, problem.message, problem.value)
            yield (row.line, place, RowOutcome.REJECTED.value, *found, row.company or None)
    for skip in skipped:
        found = (None, skip.code.value, skip.message, None)
        yield (skip.line, 0, RowOutcome.SKIPPED.value, *found, skip.company or None)
