"""Reading background jobs of any type."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from accunode_bulk_upload.jobs import repository
from accunode_common.auth.subject import Subject
from accunode_common.errors import NotFoundError
from accunode_common.http.pagination import PageOf, PageParameters, SortOrder, paginate
from accunode_common.models.bulk import Job, JobState, JobType


async def list_page(
    session: AsyncSession,
    subject: Subject,
    order: SortOrder,
    paging: PageParameters,
    *,
    job_type: JobType | None,
    state: JobState | None,
) -> PageOf[Job]:
    """The jobs that the caller sees."""
    return await paginate(session, repository.jobs(subject, job_type=job_type, state=state), order, paging)


async def get(session: AsyncSession, subject: Subject, job_id: UUID) -> Job:
    """The job.

    Raises:
        NotFoundError: There is none that the caller sees.
    """
    job = await repository.find(session, subject, job_id)
    if job is None:
        raise NotFoundError("There is no such job.")
    return job
