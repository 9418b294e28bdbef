"""Submitting, reading, changing and cancelling background jobs of any type."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from accunode_bulk_upload.jobs import repository
from accunode_common.auth.subject import Subject
from accunode_common.http.pagination import PageOf, PageParameters, SortOrder
from accunode_common.http.trail import Trail
from accunode_common.tasks.messages import Queue
from accunode_common.tasks.outbox import enqueue
from accunode_credit import jobs
from accunode_credit.models.bulk import Job, JobState, JobType


async def list_page(
    session: AsyncSession,
    subject: Subject,
    order: SortOrder,
    paging: PageParameters,
    *,
    job_type: JobType | None = None,
    state: JobState | None = None,
    kind: str | None = None,
) -> PageOf[Job]:
    """The jobs that the caller sees."""
    return await repository.page(session, subject, order, paging, job_type=job_type, state=state, kind=kind)


async def find(session: AsyncSession, subject: Subject, job_id: UUID, job_type: JobType) -> Job | None:
    """The job as it is now, if the caller sees it."""
    return await repository.find(session, subject, job_id, job_type)


async def get(
    session: AsyncSession, subject: Subject, job_id: UUID, *, name: str = "job", job_type: JobType | None = None
) -> Job:
    """The job as it is now.

    Raises:
        NotFoundError: There is none that the caller sees.
    """
    return await repository.get(session, subject, job_id, name, job_type)


async def get_to_change(
    session: AsyncSession, subject: Subject, job_id: UUID, *, name: str = "job", job_type: JobType | None = None
) -> Job:
    """The job, locked until the transaction ends.

    Raises:
        ForbiddenError: The caller sees the job, but may not change it.
        NotFoundError: There is none, or the caller may not see it.
    """
    return await repository.get_to_change(session, subject, job_id, name, job_type)


async def stop(session: AsyncSession, trail: Trail, job: Job) -> tuple[Job, bool]:
    """Ask the workers to stop a locked job; tells whether nobody had asked before.

    Raises:
        ConflictError: The job has ended.
    """
    state = jobs.cancelled(job)
    if state is None:
        return job, False
    changed = await jobs.change(session, job, {"state": state})
    await enqueue(session, jobs.look_again(job, trail.request_id), Queue.INTERACTIVE)
    return changed, True


async def cancel(session: AsyncSession, subject: Subject, trail: Trail, job_id: UUID) -> Job:
    """Ask the workers to stop; asking again changes nothing.

    Raises:
        ConflictError: The job has ended.
        ForbiddenError: The caller sees the job, but may not change it.
        NotFoundError: There is none, or the caller may not see it.
    """
    job, is_new = await stop(session, trail, await get_to_change(session, subject, job_id))
    if is_new:
        await trail.record(session, "job.cancel", "job", job.id, details={"type": job.type})
    return job
