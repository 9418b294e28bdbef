"""`bulk.chunks`: made, chosen to be dispatched, counted. What becomes of them is said by `accunode_credit.leases`."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any
from typing import cast as typed
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    DateTime,
    Select,
    Table,
    Text,
    and_,
    bindparam,
    cast,
    delete,
    exists,
    func,
    insert,
    not_,
    or_,
    select,
    text,
)
from sqlalchemy.dialects import postgresql
from sqlalchemy.dialects.postgresql import INT4MULTIRANGE
from sqlalchemy.orm import Session

from accunode_common.tasks.messages import INTERACTIVE_ROWS, Queue
from accunode_credit import leases
from accunode_credit.leases import WHOLE_JOB
from accunode_credit.models.bulk import Chunk, ChunkState, Job, JobState

_CHUNKS = typed(Table, Chunk.__table__)
_CHUNK = _CHUNKS.c
_JOBS = typed(Table, Job.__table__)
_JOB = _JOBS.c
_ADD = insert(_CHUNKS).values(
    {name: bindparam(name) for name in ("tenant_id", "job_id", "number", "rows")}
    | {"row_numbers": cast(bindparam("runs", type_=Text), INT4MULTIRANGE)}
)
_WAIT_FOR_THE_QUEUE = text("select pg_advisory_xact_lock(hashtextextended(:tenant || :queue, 0))")
_COMMIT_WITHOUT_WAITING = text("set local synchronous_commit = off")


@dataclass(frozen=True, slots=True)
class NewChunk:
    """A chunk to add: its number, how many rows it has, and which they are, as PostgreSQL writes a multirange."""

    number: int
    rows: int
    runs: str


def ensure_whole_job(session: Session, job: Job) -> None:
    """Make the chunk under which the whole job is leased."""
    values = {"tenant_id": job.tenant_id, "job_id": job.id, "number": WHOLE_JOB, "rows": 0}
    session.execute(postgresql.insert(_CHUNKS).values(values).on_conflict_do_nothing())


def add(session: Session, job: Job, chunks: Sequence[NewChunk]) -> None:
    """Add chunks of the job's file."""
    if chunks:
        session.execute(_ADD, [{"tenant_id": job.tenant_id, "job_id": job.id, **asdict(chunk)} for chunk in chunks])


def delete_all(session: Session, job: Job) -> None:
    """Delete the chunks of the job's file; the one under which the job is leased stays."""
    session.execute(delete(_CHUNKS).where(_of(job), _CHUNK.number > WHOLE_JOB))


def fence_of_reading(session: Session, job: Job) -> int:
    """Under which lease the job's file was read; its chunks lie there."""
    return int(session.execute(select(_CHUNK.fence).where(_of(job), _CHUNK.number == WHOLE_JOB)).scalar_one())


def is_whole_job_leased(session: Session, job: Job) -> bool:
    """Whether somebody reads the job's file now."""
    leased = and_(_CHUNK.state == ChunkState.LEASED.value, _CHUNK.lease_expires_at >= _now())
    found = select(exists().where(_of(job), _CHUNK.number == WHOLE_JOB, leased))
    return bool(session.execute(found).scalar_one())


def are_all_done(session: Session, job: Job) -> bool:
    """Whether every chunk of the job is done."""
    undone = select(exists().where(_of(job), _CHUNK.state != ChunkState.DONE.value))
    return not session.execute(undone).scalar_one()


def wait_for_the_queue(session: Session, tenant_id: UUID, queue: Queue) -> None:
    """Keep other transactions from dispatching the tenant's chunks in a queue until this one ends."""
    session.execute(_WAIT_FOR_THE_QUEUE, {"tenant": str(tenant_id), "queue": queue.value})


def count_in_flight(session: Session, tenant_id: UUID, queue: Queue) -> int:
    """How many of the tenant's chunks are with the workers of a queue, or on their way there."""
    awaited = _unfinished(tenant_id, queue, func.count()).where(_CHUNK.lease_expires_at >= _now())
    return int(session.execute(awaited).scalar_one())


def dispatch(
    session: Session, tenant_id: UUID, queue: Queue, *, most: int, expected_within: float
) -> list[tuple[UUID, int]]:
    """Mark the next chunks as dispatched; returns the job and the number of each. Jobs take turns by chunk number."""
    due = or_(_CHUNK.lease_expires_at.is_(None), _CHUNK.lease_expires_at < _now())
    chosen = (
        _unfinished(tenant_id, queue, _CHUNK.tenant_id, _CHUNK.job_id, _CHUNK.number)
        .where(due)
        .order_by(_CHUNK.number, _CHUNK.job_id)
        .limit(most)
        .with_for_update(of=_CHUNKS, skip_locked=True)
        .cte("chosen")
    )
    dispatched = leases.dispatch(session, chosen, expected_within=expected_within)
    return sorted(dispatched, key=lambda chunk: (chunk[1], chunk[0]))


def commit_without_waiting(session: Session) -> None:
    """Let the transaction's commit return before it is on disk.

    A crash of PostgreSQL within the second can lose it, as a whole and with every later one that did not wait: a chunk
    whose storing is lost is leased still, and is done again. A commit that waits brings all earlier ones to disk.
    """
    session.execute(_COMMIT_WITHOUT_WAITING)


def _unfinished(tenant_id: UUID, queue: Queue, *columns: Any) -> Select[Any]:
    """Chunks of the tenant's jobs that are scored in a queue."""
    small = _JOB.rows_total <= INTERACTIVE_ROWS
    return (
        select(*columns)
        .select_from(_CHUNKS.join(_JOBS, and_(_JOB.tenant_id == _CHUNK.tenant_id, _JOB.id == _CHUNK.job_id)))
        .where(
            _JOB.tenant_id == tenant_id,
            _JOB.state == JobState.SCORING.value,
            small if queue is Queue.INTERACTIVE else not_(small),
            _CHUNK.tenant_id == tenant_id,
            _CHUNK.number > WHOLE_JOB,
            _CHUNK.state.in_((ChunkState.READY.value, ChunkState.LEASED.value)),
        )
    )


def _of(job: Job) -> ColumnElement[bool]:
    return and_(_CHUNK.tenant_id == job.tenant_id, _CHUNK.job_id == job.id)


def _now() -> ColumnElement[Any]:
    """The time of the statement, not of the transaction's begin."""
    return func.clock_timestamp(type_=DateTime(timezone=True))
