"""`bulk.chunks`, but for their leases (`accunode_credit.leases`): made, dispatched, cancelled, counted.

A chunk that is ready and has a `lease_expires_at` has been dispatched and is awaited until then; past that time its
message counts as lost. Nothing else remembers what is in flight, so nothing can disagree with it.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import timedelta
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
    update,
)
from sqlalchemy.dialects import postgresql
from sqlalchemy.dialects.postgresql import INT4MULTIRANGE
from sqlalchemy.orm import Session

from accunode_common.tasks.messages import INTERACTIVE_ROWS, Queue
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


def cancel_idle(session: Session, job: Job) -> bool:
    """Cancel the job's chunks that nobody works on; returns whether nobody works on any."""
    idle = or_(
        _CHUNK.state == ChunkState.READY.value,
        and_(_CHUNK.state == ChunkState.LEASED.value, _CHUNK.lease_expires_at < _now()),
    )
    cancelled = {"state": ChunkState.CANCELLED.value, "lease_expires_at": None}
    session.execute(update(_CHUNKS).where(_of(job), idle).values(cancelled))
    leased = select(exists().where(_of(job), _CHUNK.state == ChunkState.LEASED.value))
    return not session.execute(leased).scalar_one()


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
        _unfinished(tenant_id, queue, _CHUNK.job_id, _CHUNK.number)
        .where(due)
        .order_by(_CHUNK.number, _CHUNK.job_id)
        .limit(most)
        .with_for_update(of=_CHUNKS, skip_locked=True)
        .cte("chosen")
    )
    dispatched = session.execute(
        update(_CHUNKS)
        .where(
            _CHUNK.tenant_id == tenant_id,
            _CHUNK.job_id == chosen.c.job_id,
            _CHUNK.number == chosen.c.number,
        )
        .values(state=ChunkState.READY.value, lease_expires_at=_now() + timedelta(seconds=expected_within))
        .returning(_CHUNK.job_id, _CHUNK.number)
    )
    return sorted(((row.job_id, row.number) for row in dispatched), key=lambda chunk: (chunk[1], chunk[0]))


def recall(session: Session, job: Job) -> None:
    """Take back what was dispatched and never begun, as its messages are lost."""
    dispatched = and_(_CHUNK.state == ChunkState.READY.value, _CHUNK.lease_expires_at.is_not(None))
    session.execute(update(_CHUNKS).where(_of(job), dispatched).values(lease_expires_at=None))


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
