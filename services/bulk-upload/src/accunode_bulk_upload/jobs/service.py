"""Reading and cancelling background jobs of any type."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from accunode_bulk_upload.jobs import repository
from accunode_common.auth.subject import Subject
from accunode_common.errors import ConflictError, ForbiddenError, NotFoundError
from accunode_common.http.pagination import PageOf, PageParameters, SortOrder
from accunode_common.http.trail import Trail
from accunode_common.tasks.messages import Queue, advance_message
from accunode_common.tasks.outbox import enqueue
from accunode_credit.models.bulk import FINAL_STATES, Job, JobState, JobType


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
    return await repository.page(session, subject, order, paging, job_type=job_type, state=state)


async def get(session: AsyncSession, subject: Subject, job_id: UUID) -> Job:
    """The job.

    Raises:
        NotFoundError: There is none that the caller sees.
    """
    job = await repository.find(session, subject, job_id)
    if job is None:
        raise NotFoundError("There is no such job.")
    return job


async def cancel(session: AsyncSession, subject: Subject, trail: Trail, job_id: UUID) -> Job:
    """Ask the workers to stop; asking again changes nothing.

    Raises:
        ConflictError: The job has ended.
        ForbiddenError: The caller sees the job, but may not change it.
        NotFoundError: There is none, or the caller may not see it.
    """
    job = await repository.lock(session, subject, job_id)
    if job is None:
        await get(session, subject, job_id)
        raise ForbiddenError("Only its submitter, or an administrator of its organization, cancels this job.")
    if job.state == JobState.CANCELLING:
        return job
    if job.state in FINAL_STATES:
        raise ConflictError(f"The job has ended: it is {job.state}.")
    changed = await repository.change(session, job, {"state": JobState.CANCELLING})
    message = advance_message(job.type, job.tenant_id, job.id, request_id=trail.request_id)
    await enqueue(session, message, Queue.INTERACTIVE)
    await trail.record(session, "job.cancel", "job", job.id, details={"type": job.type})
    return changed
