"""The job row as tasks see it: read within the tenant, changed under its lock."""

from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from accunode_common.db.session import AccessContext
from accunode_credit.jobs import close_if_done, finish, submitter_context, touch
from accunode_credit.leases import FILE
from accunode_credit.models.bulk import Job
from accunode_scoring import Kind

__all__ = [
    "add_counts",
    "add_to_result",
    "close_if_done",
    "ensure_file_chunk",
    "find",
    "finish",
    "kind_of",
    "lock",
    "submitter_context",
    "tenant_context",
    "touch",
]

_ENSURE_FILE = text(
    "insert into bulk.chunks (tenant_id, job_id, number, rows) values (:tenant_id, :job_id, :number, 0)"
    " on conflict do nothing"
)


def tenant_context(tenant_id: UUID) -> AccessContext:
    """The context in which a worker sees a tenant's jobs and no records."""
    return AccessContext(tenant_id=tenant_id)


def kind_of(job: Job) -> Kind:
    """What the job's rows are.

    Raises:
        ValueError: The job has none: it is no upload.
    """
    if job.kind is None:
        raise ValueError(f"Job {job.id} has no kind.")
    return Kind(job.kind)


def find(session: Session, tenant_id: UUID, job_id: UUID) -> Job | None:
    """The job, as it is now."""
    return session.get(Job, (tenant_id, job_id), populate_existing=True)


def lock(session: Session, tenant_id: UUID, job_id: UUID) -> Job | None:
    """The job, which nobody else changes until the transaction ends.

    It is no lock on the key: rows that refer to the job are stored meanwhile, or two chunks that have stored theirs
    would wait for each other for ever.
    """
    return session.get(Job, (tenant_id, job_id), populate_existing=True, with_for_update={"key_share": True})


def ensure_file_chunk(session: Session, job: Job) -> None:
    """Make the chunk that stands for the file."""
    session.execute(_ENSURE_FILE, {"tenant_id": job.tenant_id, "job_id": job.id, "number": FILE})


def add_counts(job: Job, *, accepted: int = 0, rejected: int = 0, skipped: int = 0) -> None:
    """Count rows whose fate is known; call it with the job locked."""
    job.rows_accepted += accepted
    job.rows_rejected += rejected
    job.rows_skipped += skipped
    touch(job)


def add_to_result(job: Job, counts: dict[str, dict[str, int]]) -> None:
    """Add a chunk's distributions to the job's; call it with the job locked."""
    merged: dict[str, Any] = dict(job.result)
    for name, numbers in counts.items():
        known = dict(merged.get(name, {}))
        for key, number in numbers.items():
            known[key] = known.get(key, 0) + number
        merged[name] = known
    job.result = merged
