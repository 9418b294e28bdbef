"""Lease a chunk of a job, or the whole job, for one worker; later workers and late commits are refused.

A lease is a row of `bulk.chunks` with a token that only rises (`fence`), a time until which nobody else may take it,
and the process that has it: when that is gone the relay frees the chunk before the time. A worker that is late finds
another fence, or no lease, and loses: `hold` locks the row for the rest of the transaction, so that ending a lease and
taking the next exclude each other.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any, cast
from uuid import UUID

from sqlalchemy import ColumnElement, DateTime, Table, Update, and_, case, false, func, or_, select, update
from sqlalchemy.orm import Session

from accunode_common.tasks.holders import Holder, announce
from accunode_credit.models.bulk import Chunk, ChunkState

WHOLE_JOB = 0
"""The number under which a job as a whole is leased: while its file is read, or while one worker does all of it."""

_CHUNKS = cast(Table, Chunk.__table__)
_CHUNK = _CHUNKS.c


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
    """Keep everybody else from taking the chunk until the transaction ends.

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


def retry_later(session: Session, lease: Lease, *, error: str, pause: float) -> None:
    """End the lease with the chunk ready, to be dispatched again after `pause` seconds."""
    _end(session, lease, ChunkState.READY, error=error, expires_in=pause)


def release(session: Session, lease: Lease, *, expected_within: float) -> None:
    """End the lease with the chunk dispatched: if nobody takes it within so many seconds, it is sent again."""
    _end(session, lease, ChunkState.READY, expires_in=expected_within)


def forget_attempts(session: Session, lease: Lease) -> None:
    """Count the chunk's attempts from here on."""
    session.execute(update(_CHUNKS).where(_is_leased(lease)).values(attempts=0))


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
    """That the lease is still the chunk's latest."""
    return and_(
        _key(lease.tenant_id, lease.job_id, lease.number),
        _CHUNK.state == ChunkState.LEASED.value,
        _CHUNK.fence == lease.fence,
    )


def _key(tenant_id: UUID, job_id: UUID, number: int) -> ColumnElement[bool]:
    return and_(_CHUNK.tenant_id == tenant_id, _CHUNK.job_id == job_id, _CHUNK.number == number)


def _now() -> ColumnElement[Any]:
    """The time of the statement, not of the transaction's begin."""
    return func.clock_timestamp(type_=DateTime(timezone=True))


def _lost(lease: Lease) -> LeaseLostError:
    return LeaseLostError(f"Chunk {lease.number} of job {lease.job_id} belongs to a later lease.")
