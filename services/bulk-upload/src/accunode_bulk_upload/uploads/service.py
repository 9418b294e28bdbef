"""What may be done with uploads, and what it means."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from accunode_bulk_upload.uploads import repository
from accunode_bulk_upload.uploads.receiving import Upload
from accunode_common.audit import details_about
from accunode_common.auth.subject import Subject
from accunode_common.errors import ConflictError, ForbiddenError, NotFoundError
from accunode_common.http.pagination import PageOf, PageParameters, SortOrder
from accunode_common.http.trail import Trail
from accunode_common.models.columns import AccessLevel
from accunode_common.tasks.messages import AdvanceJob, IngestFile, PurgeFiles, Queue, queue_for_bytes
from accunode_common.tasks.outbox import enqueue
from accunode_credit.models.bulk import FINAL_STATES, INGEST_FAILED, Job, JobState, JobType
from accunode_credit.scope import check_level, ownership

_RETRIED = frozenset({JobState.FAILED, JobState.CANCELLED, JobState.COMPLETED_WITH_ERRORS})


async def create(session: AsyncSession, subject: Subject, trail: Trail, upload: Upload) -> Job:
    """A job for a stored file: the job, its first message and the audit event commit together.

    Raises:
        ForbiddenError: The caller may not create records of that access level.
    """
    level = AccessLevel(upload.fields.access_level)
    check_level(subject, level)
    job = await repository.add(
        session,
        {
            **ownership(subject, level),
            "id": upload.job_id,
            "type": JobType.BULK_UPLOAD,
            "submitter_organization_id": subject.organization_id,
            "read_reach": subject.read_reach,
            "write_reach": subject.write_reach,
            "kind": upload.fields.kind,
            "on_conflict": upload.fields.on_conflict,
            "dry_run": upload.fields.dry_run,
            "file_name": upload.file_name,
            "file_key": upload.stored.key,
            "file_bytes": upload.stored.size,
            "file_sha256": upload.stored.sha256,
            "request_id": trail.request_id,
        },
    )
    upload.claimed = True
    await _enqueue_reading(session, job, trail)
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
    return await repository.page(session, subject, order, paging, state=state, kind=kind)


async def find(session: AsyncSession, subject: Subject, job_id: UUID) -> Job | None:
    """The upload as it is now, if the caller sees it."""
    return await repository.find(session, subject, job_id)


async def get(session: AsyncSession, subject: Subject, job_id: UUID) -> Job:
    """One upload.

    Raises:
        NotFoundError: There is none, or the caller may not see it.
    """
    found = await repository.find(session, subject, job_id)
    if found is None:
        raise NotFoundError("There is no such bulk upload.")
    return found


async def rows_superseded(session: AsyncSession, job: Job) -> int | None:
    """How many accepted rows of an ended job have no prediction of its any more; None before its end."""
    if job.state not in FINAL_STATES:
        return None
    return 0 if job.dry_run else job.rows_accepted - await repository.stored_predictions(session, job)


async def cancel(session: AsyncSession, subject: Subject, trail: Trail, job_id: UUID) -> Job:
    """Ask the workers to stop; asking again changes nothing.

    Raises:
        ConflictError: The job has ended.
        ForbiddenError: The caller sees the job, but may not change it.
        NotFoundError: There is none, or the caller may not see it.
    """
    job = await _get_to_change(session, subject, job_id)
    if job.state == JobState.CANCELLING:
        return job
    if job.state in FINAL_STATES:
        raise ConflictError(f"The job has ended: it is {job.state}.")
    changed = await repository.change(session, job, {"state": JobState.CANCELLING})
    await _enqueue_advance(session, job, trail)
    await trail.record(session, "bulk_upload.cancel", "bulk_upload", job.id)
    return changed


async def retry(session: AsyncSession, subject: Subject, trail: Trail, job_id: UUID) -> Job:
    """Run again what failed or was cancelled, and nothing else.

    Raises:
        ConflictError: The job has not ended, or nothing of it failed that another try could mend.
        ForbiddenError: The caller sees the job, but may not change it.
        NotFoundError: There is none, or the caller may not see it.
    """
    job = await _get_to_change(session, subject, job_id)
    if job.state not in _RETRIED:
        raise ConflictError(f"There is nothing to try again: the job is {job.state}.")
    if job.state == JobState.FAILED and job.error_code != INGEST_FAILED:
        raise ConflictError("The file itself was refused; mend it and upload it again.")
    again = {"error_code": None, "error_message": None, "finished_at": None}
    if await repository.file_is_read(session, job):
        undone, failed, rows = await repository.undone_chunks(session, job)
        if not undone:
            raise ConflictError("Nothing failed that another try could mend; the rejected rows need other values.")
        await repository.ready_again(session, job, file=False)
        await repository.forget_failed_rows(session, job)
        counts = {"rows_rejected": Job.rows_rejected - rows, "chunks_done": Job.chunks_done - failed}
        changed = await repository.change(session, job, {**again, **counts, "state": JobState.SCORING})
        await _enqueue_advance(session, job, trail)
    else:
        await repository.ready_again(session, job, file=True)
        changed = await repository.change(session, job, {**again, "state": JobState.QUEUED})
        await _enqueue_reading(session, job, trail)
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
    if job.state not in FINAL_STATES:
        raise ConflictError("The job has not ended; cancel it first.")
    if not await repository.release_predictions(session, job):
        raise ConflictError("Predictions that the caller may not change came from this upload.")
    await repository.remove(session, job)
    message = PurgeFiles(tenant_id=job.tenant_id, job_id=job.id, request_id=trail.request_id)
    await enqueue(session, message, Queue.MAINTENANCE)
    details = details_about(job.access_level, file_name=job.file_name)
    await trail.record(session, "bulk_upload.delete", "bulk_upload", job.id, details=details)


async def _get_to_change(session: AsyncSession, subject: Subject, job_id: UUID) -> Job:
    job = await repository.lock(session, subject, job_id)
    if job is not None:
        return job
    await get(session, subject, job_id)
    raise ForbiddenError("Only its submitter, or an administrator of its organization, changes this upload.")


async def _enqueue_reading(session: AsyncSession, job: Job, trail: Trail) -> None:
    message = IngestFile(tenant_id=job.tenant_id, job_id=job.id, request_id=trail.request_id)
    await enqueue(session, message, queue_for_bytes(job.file_bytes or 0))


async def _enqueue_advance(session: AsyncSession, job: Job, trail: Trail) -> None:
    message = AdvanceJob(tenant_id=job.tenant_id, job_id=job.id, request_id=trail.request_id)
    await enqueue(session, message, Queue.INTERACTIVE)
