"""Create, read, cancel, retry and delete uploads."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from accunode_bulk_upload.jobs import service as jobs
from accunode_bulk_upload.uploads import repository
from accunode_bulk_upload.uploads.receiving import Upload
from accunode_common.audit import details_about
from accunode_common.auth.subject import Subject
from accunode_common.errors import ConflictError
from accunode_common.http.pagination import PageOf, PageParameters, SortOrder
from accunode_common.http.trail import Trail
from accunode_common.models.columns import AccessLevel
from accunode_common.tasks.messages import PurgeFiles, Queue, queue_for_bytes
from accunode_common.tasks.outbox import enqueue
from accunode_credit import leases
from accunode_credit.jobs import (
    change,
    check_deletion,
    check_retry,
    first_message,
    has_ended,
    look_again,
    new_job,
    retried,
    submit,
)
from accunode_credit.models.bulk import Job, JobState, JobType
from accunode_credit.scope import check_level

_NAME = "bulk upload"


async def create(session: AsyncSession, subject: Subject, trail: Trail, upload: Upload) -> Job:
    """A job for a stored file: the job, its first message and the audit event commit together.

    Raises:
        ForbiddenError: The caller may not create records of that access level.
    """
    level = AccessLevel(upload.fields.access_level)
    check_level(subject, level)
    values = new_job(
        subject,
        upload.job_id,
        JobType.BULK_UPLOAD,
        level,
        request_id=trail.request_id,
        kind=upload.fields.kind,
        on_conflict=upload.fields.on_conflict,
        dry_run=upload.fields.dry_run,
        file_name=upload.file_name,
        file_key=upload.stored.key,
        file_bytes=upload.stored.size,
        file_sha256=upload.stored.sha256,
    )
    job = await submit(session, values, queue_for_bytes(upload.stored.size))
    upload.claimed = True
    details = details_about(
        level,
        file_name=upload.file_name,
        bytes=upload.stored.size,
        sha256=upload.stored.sha256,
        **upload.fields.model_dump(mode="json", exclude={"access_level"}),
    )
    await trail.record(session, "bulk_upload.create", "bulk_upload", job.id, details=details)
    return job


async def list_page(
    session: AsyncSession,
    subject: Subject,
    order: SortOrder,
    paging: PageParameters,
    *,
    state: JobState | None,
    kind: str | None,
) -> PageOf[Job]:
    """The uploads that the caller sees."""
    return await jobs.list_page(session, subject, order, paging, job_type=JobType.BULK_UPLOAD, state=state, kind=kind)


async def find(session: AsyncSession, subject: Subject, job_id: UUID) -> Job | None:
    """The upload as it is now, if the caller sees it."""
    return await jobs.find(session, subject, job_id, JobType.BULK_UPLOAD)


async def get(session: AsyncSession, subject: Subject, job_id: UUID) -> Job:
    """One upload.

    Raises:
        NotFoundError: There is none, or the caller may not see it.
    """
    return await jobs.get(session, subject, job_id, name=_NAME, job_type=JobType.BULK_UPLOAD)


async def rows_superseded(session: AsyncSession, job: Job) -> int | None:
    """How many accepted rows of an ended job have no prediction of its any more; None before its end."""
    if not has_ended(job):
        return None
    return 0 if job.dry_run else job.rows_accepted - await repository.stored_predictions(session, job)


async def cancel(session: AsyncSession, subject: Subject, trail: Trail, job_id: UUID) -> Job:
    """Ask the workers to stop; asking again changes nothing.

    Raises:
        ConflictError: The job has ended.
        ForbiddenError: The caller sees the job, but may not change it.
        NotFoundError: There is none, or the caller may not see it.
    """
    job, is_new = await jobs.stop(session, trail, await _get_to_change(session, subject, job_id))
    if is_new:
        await trail.record(session, "bulk_upload.cancel", "bulk_upload", job.id)
    return job


async def retry(session: AsyncSession, subject: Subject, trail: Trail, job_id: UUID) -> Job:
    """Run again what failed or was cancelled, and nothing else.

    Raises:
        ConflictError: The job has not ended, or nothing of it failed that another try could mend.
        ForbiddenError: The caller sees the job, but may not change it.
        NotFoundError: There is none, or the caller may not see it.
    """
    job = await _get_to_change(session, subject, job_id)
    check_retry(job)
    file_is_read = await repository.file_is_read(session, job)
    values = retried(job, file_is_read=file_is_read)
    if file_is_read:
        undone, failed, rows = await repository.undone_chunks(session, job)
        if not undone:
            raise ConflictError("Nothing failed that another try could mend; the rejected rows need other values.")
        await repository.forget_failed_rows(session, job)
        values |= {"rows_rejected": Job.rows_rejected - rows, "chunks_done": Job.chunks_done - failed}
        message, queue = look_again(job, trail.request_id), Queue.INTERACTIVE
    else:
        message, queue = first_message(job, trail.request_id), queue_for_bytes(job.file_bytes or 0)
    await leases.ready_again(session, job, file=not file_is_read)
    changed = await change(session, job, values)
    await enqueue(session, message, queue)
    await trail.record(session, "bulk_upload.retry", "bulk_upload", job.id)
    return changed


async def delete(session: AsyncSession, subject: Subject, trail: Trail, job_id: UUID) -> None:
    """Delete an ended job, its file and its row issues; the companies and predictions stay.

    Raises:
        ConflictError: The job has not ended, or has changed others' predictions.
        ForbiddenError: The caller sees the job, but may not change it.
        NotFoundError: There is none, or the caller may not see it.
    """
    job = await _get_to_change(session, subject, job_id)
    check_deletion(job)
    if not await repository.release_predictions(session, job):
        raise ConflictError("Predictions that the caller may not change came from this upload.")
    await repository.remove(session, job)
    message = PurgeFiles(tenant_id=job.tenant_id, job_id=job.id, request_id=trail.request_id)
    await enqueue(session, message, Queue.MAINTENANCE)
    details = details_about(job.access_level, file_name=job.file_name)
    await trail.record(session, "bulk_upload.delete", "bulk_upload", job.id, details=details)


async def _get_to_change(session: AsyncSession, subject: Subject, job_id: UUID) -> Job:
    return await jobs.get_to_change(session, subject, job_id, name=_NAME, job_type=JobType.BULK_UPLOAD)
