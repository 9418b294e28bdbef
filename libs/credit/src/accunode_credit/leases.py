"""Leases of chunks, held in PostgreSQL: who has one may finish it, and nobody else.

A lease is a token that only rises (`fence`), a time until which nobody else may take it, and the process that has it:
when that is gone the relay frees the chunk before the time. A worker that is late finds another fence, or no lease, and
loses: `hold` locks the row for the rest of the transaction, so that finishing and taking exclude each other. Chunk
number 0 stands for the file itself, which one worker reads at a time.
"""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from accunode_common.tasks.holders import Holder, announce
from accunode_credit.models.bulk import ChunkState

FILE = 0
"""The number under which the file itself is leased, while it is read."""

_KEY = "tenant_id = :tenant_id and job_id = :job_id and number = :number"

_TAKE = text(f"""
    update bulk.chunks
    set state = 'leased', fence = fence + 1, leased_by = cast(:holder as uuid), updated_at = now(),
        attempts = attempts
            + (leased_by is null or lease_expires_at < clock_timestamp() or leased_by <> cast(:holder as uuid))::int,
        lease_expires_at = clock_timestamp() + make_interval(secs => :seconds)
    where {_KEY} and (
        state = 'ready'
        or (state = 'leased' and (lease_expires_at < clock_timestamp() or leased_by = cast(:holder as uuid)))
    )
    returning fence, attempts, rows
""")  # noqa: S608
_HOLD = text(f"select 1 from bulk.chunks where {_KEY} and state = 'leased' and fence = :fence for update")  # noqa: S608
_RENEW = text(f"""
    update bulk.chunks
    set lease_expires_at = clock_timestamp() + make_interval(secs => :seconds), updated_at = now()
    where {_KEY} and state = 'leased' and fence = :fence
""")  # noqa: S608
_SETTLE = text(f"""
    update bulk.chunks
    set state = :state, rows_stored = :rows_stored, error_message = :error, updated_at = now(), leased_by = null,
        lease_expires_at = clock_timestamp() + make_interval(secs => :pause)
    where {_KEY} and state = 'leased' and fence = :fence
""")  # noqa: S608


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

    @property
    def _key(self) -> dict[str, Any]:
        return {
            "tenant_id": self.tenant_id,
            "job_id": self.job_id,
            "number": self.number,
            "fence": self.fence,
        }


def take(
    session: Session, holder: Holder | None, *, tenant_id: UUID, job_id: UUID, number: int, seconds: float
) -> Lease | None:
    """Lease a chunk for so many seconds; None when it is done or somebody else's.

    What the holder has already, as it never learnt that it got it, it gets again: it does one thing at a time. A lease
    without a holder, whom nobody watches, ends by its time alone.
    """
    if holder is not None:
        announce(session, holder)
    key = {"tenant_id": tenant_id, "job_id": job_id, "number": number}
    values = {**key, "seconds": seconds, "holder": holder.id if holder else None}
    found = session.execute(_TAKE, values).one_or_none()
    if found is None:
        return None
    return Lease(
        tenant_id=tenant_id,
        job_id=job_id,
        number=number,
        fence=found.fence,
        attempt=found.attempts,
        rows=found.rows,
    )


def hold(session: Session, lease: Lease) -> None:
    """Keep everybody else from taking the chunk until the transaction ends.

    Raises:
        LeaseLostError: Somebody has taken it already.
    """
    if session.execute(_HOLD, lease._key).first() is None:
        raise LeaseLostError(f"Chunk {lease.number} of job {lease.job_id} belongs to a later lease.")


def renew(session: Session, lease: Lease, *, seconds: float) -> None:
    """Keep the lease for so many seconds more.

    Raises:
        LeaseLostError: Somebody has taken it already.
    """
    if session.execute(_RENEW, {**lease._key, "seconds": seconds}).rowcount != 1:  # type: ignore[attr-defined]
        raise LeaseLostError(f"Chunk {lease.number} of job {lease.job_id} belongs to a later lease.")


def settle(
    session: Session, lease: Lease, state: ChunkState, *, rows_stored: int = 0, error: str | None = None
) -> None:
    """End the lease with the chunk in a final state; call `hold` first in the same transaction."""
    values = {"state": state, "rows_stored": rows_stored, "error": error, "pause": None}
    session.execute(_SETTLE, {**lease._key, **values})


def give_back(session: Session, lease: Lease, *, error: str, pause: float) -> None:
    """End the lease with the chunk ready, to be handed out again after `pause` seconds."""
    values = {"state": ChunkState.READY, "rows_stored": 0, "error": error, "pause": pause}
    session.execute(_SETTLE, {**lease._key, **values})
