"""The SQL of job rows, of any type."""

from uuid import UUID

from sqlalchemy import Select
from sqlalchemy.ext.asyncio import AsyncSession

from accunode_common.auth.subject import Subject
from accunode_common.http.pagination import PageOf, PageParameters, SortOrder, paginate
from accunode_credit.jobs import listed, locked
from accunode_credit.models.bulk import Job, JobState, JobType
from accunode_credit.records import only, only_to_change


async def page(
    session: AsyncSession,
    subject: Subject,
    order: SortOrder,
    paging: PageParameters,
    *,
    job_type: JobType | None,
    state: JobState | None,
    kind: str | None,
) -> PageOf[Job]:
    """A page of the jobs that the caller sees."""
    return await paginate(session, listed(subject, job_type=job_type, state=state, kind=kind), order, paging)


async def find(session: AsyncSession, subject: Subject, job_id: UUID, job_type: JobType | None = None) -> Job | None:
    """One job as it is now, if the caller sees it."""
    found: Job | None = await session.scalar(_by_id(subject, job_id, job_type))
    return found


async def get(session: AsyncSession, subject: Subject, job_id: UUID, name: str, job_type: JobType | None) -> Job:
    """One job as it is now.

    Raises:
        NotFoundError: There is none that the caller sees.
    """
    return await only(session, _by_id(subject, job_id, job_type), name)


async def get_to_change(
    session: AsyncSession, subject: Subject, job_id: UUID, name: str, job_type: JobType | None
) -> Job:
    """One job, locked until the transaction ends.

    Raises:
        ForbiddenError: The caller sees it, but may not change it.
        NotFoundError: There is none that the caller sees.
    """
    statement = _by_id(subject, job_id, job_type)
    return await only_to_change(session, statement, locked(statement), name, "submitter")


def _by_id(subject: Subject, job_id: UUID, job_type: JobType | None) -> Select[Job]:
    statement = listed(subject, job_type=job_type).where(Job.id == job_id)
    return statement.execution_options(populate_existing=True)
