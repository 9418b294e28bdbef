"""The SQL of jobs."""

from uuid import UUID

from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncSession

from accunode_common.auth.subject import Subject
from accunode_common.models.bulk import Job, JobState, JobType


def jobs(subject: Subject, *, job_type: JobType | None = None, state: JobState | None = None) -> Select[Job]:
    """The jobs of the caller's tenant that row-level security shows the caller."""
    statement = select(Job).where(Job.tenant_id == subject.tenant_id)
    if job_type is not None:
        statement = statement.where(Job.type == job_type)
    if state is not None:
        statement = statement.where(Job.state == state)
    return statement


async def find(session: AsyncSession, subject: Subject, job_id: UUID) -> Job | None:
    """One job."""
    found: Job | None = await session.scalar(jobs(subject).where(Job.id == job_id))
    return found
