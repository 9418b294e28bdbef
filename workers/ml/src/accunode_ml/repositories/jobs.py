"""`bulk.jobs`: read within the tenant, changed under a lock of the row."""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from accunode_credit.models.bulk import Job, JobState

_DONE = (JobState.COMPLETED, JobState.COMPLETED_WITH_ERRORS)


def find(session: Session, tenant_id: UUID, job_id: UUID) -> Job | None:
    """The job, as it is now."""
    return session.get(Job, (tenant_id, job_id), populate_existing=True)


def lock(session: Session, tenant_id: UUID, job_id: UUID) -> Job | None:
    """The job, which nobody else changes until the transaction ends.

    It is no lock on the key: rows that refer to the job are stored meanwhile, or two chunks that have stored theirs
    would wait for each other for ever.
    """
    return session.get(Job, (tenant_id, job_id), populate_existing=True, with_for_update={"key_share": True})


def with_needed_files(session: Session, tenant_id: UUID, job_ids: Sequence[UUID], *, done_for: timedelta) -> set[UUID]:
    """Which of these jobs need their chunks: those that are not completed, or not for so long yet."""
    needed = or_(Job.state.not_in(_DONE), Job.finished_at > func.now() - done_for)
    return set(session.scalars(select(Job.id).where(Job.tenant_id == tenant_id, Job.id.in_(job_ids), needed)))
