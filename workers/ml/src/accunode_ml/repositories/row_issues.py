"""`bulk.row_issues`: why rows of a file are not stored."""

from collections.abc import Iterable
from typing import Any
from typing import cast as typed

from sqlalchemy import (
    Column,
    Integer,
    SmallInteger,
    Table,
    Text,
    and_,
    delete,
    func,
    insert,
    literal,
    select,
    true,
)
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import Session
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.sql.selectable import TableValuedAlias

from accunode_credit.leases import Lease
from accunode_credit.models.bulk import Chunk, Job, RowIssue, RowOutcome
from accunode_ml.repositories.copying import copy_into, temporary_table
from accunode_ml.rows import Issue

_ISSUES = typed(Table, RowIssue.__table__)
_CHUNKS = typed(Table, Chunk.__table__)
_CHUNK = _CHUNKS.c


_COPIED = temporary_table(
    "copied_issues",
    Column("row_number", Integer),
    Column("position", SmallInteger),
    *(Column(name, Text) for name in Issue._fields[2:]),
)


def copy(session: Session, job: Job, issues: Iterable[Issue]) -> None:
    """Add issues of the job's rows; once in a transaction."""
    with copy_into(session, _COPIED) as copying:
        for issue in issues:
            copying.write_row(issue)
    copied = select(literal(job.tenant_id), literal(job.id), *_COPIED.c)
    session.execute(insert(_ISSUES).from_select(["tenant_id", "job_id", *Issue._fields], copied))


def add_for_chunk(session: Session, lease: Lease, *, code: str, message: str) -> None:
    """Reject every row of a chunk that has no issue yet. The chunk itself is not read: its readers may die of it."""
    run = _lateral(func.unnest(_CHUNK.row_numbers), "run")
    series = func.generate_series(func.lower(run.c.value), func.upper(run.c.value) - 1)
    number = _lateral(series, "number")
    rows = (
        select(
            _CHUNK.tenant_id,
            _CHUNK.job_id,
            number.c.value,
            literal(0),
            literal(RowOutcome.REJECTED.value),
            literal(code),
            literal(message),
        )
        .select_from(_CHUNKS.join(run, true()).join(number, true()))
        .where(_CHUNK.tenant_id == lease.tenant_id, _CHUNK.job_id == lease.job_id, _CHUNK.number == lease.number)
    )
    columns = ["tenant_id", "job_id", "row_number", "position", "outcome", "code", "message"]
    session.execute(postgresql.insert(_ISSUES).from_select(columns, rows).on_conflict_do_nothing())


def delete_all(session: Session, job: Job) -> None:
    """Delete what was said of the job's rows."""
    issue = _ISSUES.c
    session.execute(delete(_ISSUES).where(and_(issue.tenant_id == job.tenant_id, issue.job_id == job.id)))


def _lateral(function: FunctionElement[Any], name: str) -> TableValuedAlias:
    """A function's rows as a table with the column `value`, made anew for each row of the tables before it."""
    # SQLAlchemy declares a narrower type than it returns.
    return typed("TableValuedAlias", function.table_valued("value").lateral(name)).render_derived()
