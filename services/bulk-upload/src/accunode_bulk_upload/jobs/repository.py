"""The SQL of jobs."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import Select, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from accunode_common.auth.subject import Subject
from accunode_common.http.pagination import PageOf, PageParameters, SortOrder, paginate
from accunode_credit.models.bulk import Job, JobState, JobType


def jobs(subject: Subject, *, job_type: JobType | None = None, state: JobState | None = None) -> Select[Job]:
    """The jobs of the caller's tenant that row-level security shows the caller."""
    statement = select(Job).where(Job.tenant_id == subject.tenant_id)
    if job_type is not None:
        statement = statement.where(Job.type == job_type)
    if state is not None:
        statement = statement.where(Job.state == state)
    return statement


async def page(
    session: AsyncSession,
    subject: Subject,
    order: SortOrder,
    paging: PageParameters,
    *,
    job_type: JobType | None = None,
    state: JobState | None = None,
) -> PageOf[Job]:
    """A page of the jobs of the caller's tenant that row-level security shows the caller."""
    return await paginate(session, jobs(subject, job_type=job_type, state=state), order, paging)


async def find(session: AsyncSession, subject: Subject, job_id: UUID) -> Job | None:
    """One job."""
    found: Job | None = await session.scalar(jobs(subject).where(Job.id == job_id))
    return found


async def lock(session: AsyncSession, subject: Subject, job_id: UUID) -> Job | None:
    """One job that the caller may change, locked until the transaction ends."""
    statement = jobs(subject).where(Job.id == job_id).with_for_update(key_share=True)
    found: Job | None = await session.scalar(statement.execution_options(populate_existing=True))
    return found


async def change(session: AsyncSession, job: Job, values: Mapping[str, Any]) -> Job:
    """The job with other values and the next version."""
    changed = await session.scalars(
        update(Job)
        .where(Job.tenant_id == job.tenant_id, Job.id == job.id)
        .values(**values, version=Job.version + 1, updated_at=func.now())
        .returning(Job)
        .execution_options(populate_existing=True)
    )
    return changed.one()
