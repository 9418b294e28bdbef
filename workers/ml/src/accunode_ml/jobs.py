"""A job as its tasks see it: on whose behalf they act, and how its row changes while it is locked."""

from typing import Any
from uuid import UUID

from accunode_common.db.session import AccessContext
from accunode_credit.jobs import touch
from accunode_credit.models.bulk import Job


def tenant_context(tenant_id: UUID) -> AccessContext:
    """The context in which a worker sees a tenant's jobs and no records."""
    return AccessContext(tenant_id=tenant_id)


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
