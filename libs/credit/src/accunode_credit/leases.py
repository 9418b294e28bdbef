"""Lease a chunk of a job, or the whole job, for one worker; later workers and late commits are refused.

A lease is a row of `bulk.chunks` with a token that only rises (`fence`), a time until which nobody else may take it,
and the process that has it: when that is gone the relay frees the chunk before the time. A worker that is late finds
another fence, or no lease, and loses: `hold` locks the row for the rest of the transaction, so that ending a lease and
taking the next exclude each other.

What a chunk does when its worker dies is decided by these states: `free_of_dead` frees its lease, the worker's
`relay.sweeper` has lost messages sent again, and its `leased.task` quarantines a chunk after its last try.

A chunk that is ready and has a `lease_expires_at` has been dispatched and is awaited until then; past that time its
message counts as lost. Nothing else remembers what is in flight, so nothing can disagree with it.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any, cast
from uuid import UUID

import psycopg
from psycopg.sql import SQL
from sqlalchemy import (
    CTE,
    ColumnElement,
    DateTime,
    Table,
    Update,
    and_,
    case,
    exists,
    false,
    func,
    or_,
    select,
    update,
)
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Session

from accunode_common.tasks.holders import LIVES, Holder, announce
from accunode_credit.models.bulk import UNFINISHED, Chunk, ChunkState, Job

WHOLE_JOB = 0
"""The number under which a job as a whole is leased: while its file is read, or while one worker does all of it."""

_CHUNKS = cast(Table, Chunk.__table__)
_CHUNK = _CHUNKS.c


UNDONE = (ChunkState.QUARANTINED.value, ChunkState.CANCELLED.value)
"""Where a chunk ends that was not done; it stays there unless somebody asks for another try."""

# One whose worker ended on purpose, as Redis had left it, has failed at nothing. A row that a transaction still holds
# waits for the next time: PostgreSQL ends transactions that stand still.
_FREE_OF_DEAD = SQL("""
    with dead as (
        select c.tenant_id, c.job_id, c.number from bulk.chunks c
        where c.state = 'leased' and c.leased_by is not null
          and not exists (select 1 from ops.workers w where w.id = c.leased_by and {lives})
        for update of c skip locked
    ), freed as (
        update bulk.chunks c
        set state = 'ready', lease_expires_at = null, leased_by = null, updated_at = now(), attempts = greatest(
            0, attempts - (select count(*) from ops.workers w where w.id = c.leased_by and w.retired)
        )
        from dead d where c.tenant_id = d.tenant_id and c.job_id = d.job_id and c.number = d.number
        returning c.tenant_id, c.job_id
    )
    select distinct j.tenant_id, j.id, j.type
    from freed f join bulk.jobs j on j.tenant_id = f.tenant_id and j.id = f.job_id
    where {unfinished}
""").format(lives=SQL(LIVES), unfinished=SQL(UNFINISHED))


class LeaseLostError(Exception):
    """The lease has gone to somebody else; nothing that was done under it may be kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lease:
    """The right to finish one chunk.

    Attributes:
        number: Which chunk of the job.
        fence: The token; the next lease of the chunk has a higher one.
        attempt: How many times the chunk has been leased, this time included.
        rows: How many rows the chunk has.
    """

    tenant_id: UUID
    job_id: UUID
    number: int
    fence: int
    attempt: int
    rows: int


def take(
    session: Session, holder: Holder | None, *, tenant_id: UUID, job_id: UUID, number: int, seconds: float
) -> Lease | None:
    """Lease a chunk for so many seconds; None when it is done or somebody else's.

    What the holder has already, as it never learnt that it got it, it gets again: it does one thing at a time. A lease
    without a holder, whom nobody watches, ends by its time alone.
    """
    if holder is not None:
        announce(session, holder)
    expired = _CHUNK.lease_expires_at < _now()
    own = false() if holder is None else _CHUNK.leased_by == holder.id
    taken = session.execute(
        update(_CHUNKS)
        .where(
            _key(tenant_id, job_id, number),
            or_(
                _CHUNK.state == ChunkState.READY.value,
                and_(_CHUNK.state == ChunkState.LEASED.value, or_(expired, own)),
            ),
        )
        .values(
            state=ChunkState.LEASED.value,
            fence=_CHUNK.fence + 1,
            leased_by=None if holder is None else holder.id,
            # To get again what one has is no new try.
            attempts=_CHUNK.attempts + case((and_(own, _CHUNK.lease_expires_at >= _now()), 0), else_=1),
            lease_expires_at=_now() + timedelta(seconds=seconds),
        )
        .returning(_CHUNK.fence, _CHUNK.attempts, _CHUNK.rows)
    ).one_or_none()
    if taken is None:
        return None
    return Lease(
        tenant_id=tenant_id,
        job_id=job_id,
        number=number,
        fence=taken.fence,
        attempt=taken.attempts,
        rows=taken.rows,
    )


def hold(session: Session, lease: Lease) -> None:
    """Lock the chunk's lease until the transaction ends.

    Raises:
        LeaseLostError: Somebody has taken it already.
    """
    if session.execute(select(_CHUNK.fence).where(_is_leased(lease)).with_for_update()).first() is None:
        raise _lost(lease)


def renew(session: Session, lease: Lease, *, seconds: float) -> None:
    """Keep the lease for so many seconds more.

    Raises:
        LeaseLostError: Somebody has taken it already.
    """
    renewed = _change(lease, lease_expires_at=_now() + timedelta(seconds=seconds)).returning(_CHUNK.fence)
    if session.execute(renewed).first() is None:
        raise _lost(lease)


def complete(session: Session, lease: Lease, *, rows_stored: int = 0) -> None:
    """End the lease with the chunk done; like each end of a lease, call it after `hold` in the same transaction."""
    _end(session, lease, ChunkState.DONE, rows_stored=rows_stored)


def cancel(session: Session, lease: Lease) -> None:
    """End the lease with the chunk cancelled."""
    _end(session, lease, ChunkState.CANCELLED)


def fail(session: Session, lease: Lease, *, error: str | None) -> None:
    """End the lease with the chunk quarantined: it is not tried again unless somebody asks for that."""
    _end(session, lease, ChunkState.QUARANTINED, error=error)


def retry(session: Session, lease: Lease, *, error: str, pause: float) -> None:
    """End the lease with the chunk ready, to be dispatched again after `pause` seconds."""
    _end(session, lease, ChunkState.READY, error=error, expires_in=pause)


def release(session: Session, lease: Lease, *, expected_within: float) -> None:
    """End the lease with the chunk dispatched: if nobody takes it within so many seconds, it is sent again."""
    _end(session, lease, ChunkState.READY, expires_in=expected_within)


def forget_attempts(session: Session, lease: Lease) -> None:
    """Count the chunk's attempts from here on."""
    session.execute(update(_CHUNKS).where(_is_leased(lease)).values(attempts=0))


def dispatch(session: Session, chosen: CTE, *, expected_within: float) -> list[tuple[UUID, int]]:
    """Mark locked chunks as dispatched, given by `tenant_id`, `job_id` and `number`; returns job and number of each.

    If nobody takes one within so many seconds, it is sent again.
    """
    key = chosen.c
    dispatched = session.execute(
        update(_CHUNKS)
        .where(_CHUNK.tenant_id == key.tenant_id, _CHUNK.job_id == key.job_id, _CHUNK.number == key.number)
        .values(state=ChunkState.READY.value, lease_expires_at=_now() + timedelta(seconds=expected_within))
        .returning(_CHUNK.job_id, _CHUNK.number)
    )
    return [(row.job_id, row.number) for row in dispatched]


def recall(session: Session, job: Job) -> None:
    """Take back what was dispatched and never begun, as its messages are lost."""
    dispatched = and_(_CHUNK.state == ChunkState.READY.value, _CHUNK.lease_expires_at.is_not(None))
    session.execute(update(_CHUNKS).where(_of(job), dispatched).values(lease_expires_at=None))


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


async def ready_again(session: AsyncSession, job: Job, *, file: bool) -> None:
    """Make the file, or the chunks that were quarantined or cancelled, ready for new tries."""
    which = _CHUNK.number == WHOLE_JOB if file else _CHUNK.number > WHOLE_JOB
    await session.execute(
        update(_CHUNKS)
        .where(_of(job), which, _CHUNK.state.in_(UNDONE))
        .values(state=ChunkState.READY.value, attempts=0, lease_expires_at=None, error_message=None)
    )


def free_of_dead(connection: psycopg.Connection) -> list[tuple[UUID, UUID, str]]:
    """Make the chunks ready that dead processes hold; returns tenant, id and type of their unfinished jobs."""
    return connection.execute(_FREE_OF_DEAD).fetchall()


def _end(
    session: Session,
    lease: Lease,
    state: ChunkState,
    *,
    rows_stored: int = 0,
    error: str | None = None,
    expires_in: float | None = None,
) -> None:
    expires_at = None if expires_in is None else _now() + timedelta(seconds=expires_in)
    ended = _change(
        lease,
        state=state.value,
        rows_stored=rows_stored,
        error_message=error,
        leased_by=None,
        lease_expires_at=expires_at,
    )
    session.execute(ended)


def _change(lease: Lease, **values: Any) -> Update:
    return update(_CHUNKS).where(_is_leased(lease)).values(**values)


def _is_leased(lease: Lease) -> ColumnElement[bool]:
    """The condition that the lease is still the chunk's latest."""
    return and_(
        _key(lease.tenant_id, lease.job_id, lease.number),
        _CHUNK.state == ChunkState.LEASED.value,
        _CHUNK.fence == lease.fence,
    )


def _key(tenant_id: UUID, job_id: UUID, number: int) -> ColumnElement[bool]:
    return and_(_CHUNK.tenant_id == tenant_id, _CHUNK.job_id == job_id, _CHUNK.number == number)


def _of(job: Job) -> ColumnElement[bool]:
    return and_(_CHUNK.tenant_id == job.tenant_id, _CHUNK.job_id == job.id)


def _now() -> ColumnElement[Any]:
    """The time of the statement, not of the transaction's begin."""
    return func.clock_timestamp(type_=DateTime(timezone=True))


def _lost(lease: Lease) -> LeaseLostError:
    return LeaseLostError(f"Chunk {lease.number} of job {lease.job_id} belongs to a later lease.")
