"""The SQL of jobs."""

from uuid import UUID

from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncSession

from accunode_common.auth.subject import Subject
from accunode_common.models.bulk import Job


def jobs(subject: Subject) -> Select[Job]:
    """The jobs of the caller's tenant that row-level security shows the caller."""
    return select(Job).where(Job.tenant_id == subject.tenant_id)


async def find(session: AsyncSession, subject: Subject, job_id: UUID) -> Job | None:
    """One job."""
    found: Job | None = await session.scalar(jobs(subject).where(Job.id == job_id))
    return found
