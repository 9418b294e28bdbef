"""The life of a job: made and cancelled in its submitter's name, taken up and ended by workers, and tried again.

    queued -> ingesting -> scoring -> completed, completed_with_errors
    (any that has not ended) -> cancelling -> cancelled
    (any that has not ended) -> failed
    failed, cancelled -> queued, scoring; completed_with_errors -> scoring

Only uploads are ingested. Everything here decides from the job's row alone; whoever calls holds the row's lock.
"""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import Select, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from accunode_common.auth.subject import Subject
from accunode_common.db.session import AccessContext, Reach
from accunode_common.errors import ConflictError
from accunode_common.models.columns import AccessLevel
from accunode_common.tasks.messages import JOB_MESSAGES, IngestFile, Queue, TaskMessage, advance_message
from accunode_common.tasks.outbox import enqueue
from accunode_credit.models.bulk import FINAL_STATES, INGEST_FAILED, Job, JobState, JobType
from accunode_credit.scope import ownership
from accunode_scoring import Kind

_END = frozenset({JobState.COMPLETED, JobState.COMPLETED_WITH_ERRORS, JobState.FAILED})
TRANSITIONS: Mapping[JobState, frozenset[JobState]] = {
    JobState.QUEUED: frozenset({JobState.INGESTING, JobState.SCORING, JobState.CANCELLING, JobState.FAILED}),
    JobState.INGESTING: frozenset({JobState.SCORING, JobState.CANCELLING, JobState.FAILED}),
    JobState.SCORING: _END | {JobState.CANCELLING},
    # Work that was done when somebody asked to stop has still been done.
    JobState.CANCELLING: _END | {JobState.CANCELLED},
    JobState.COMPLETED: frozenset(),
    JobState.COMPLETED_WITH_ERRORS: frozenset({JobState.SCORING}),
    JobState.FAILED: frozenset({JobState.QUEUED, JobState.SCORING}),
    JobState.CANCELLED: frozenset({JobState.QUEUED, JobState.SCORING}),
}
"""Where a job can go from each state; staying is no transition."""


def new_job(
    subject: Subject, job_id: UUID, job_type: JobType, level: AccessLevel, *, request_id: str | None, **values: Any
) -> dict[str, Any]:
    """The columns of a new job in the caller's name, whose reaches the workers act within."""
    return {
        **ownership(subject, level),
        "id": job_id,
        "type": job_type,
        "submitter_organization_id": subject.organization_id,
        "read_reach": subject.read_reach,
        "write_reach": subject.write_reach,
        "request_id": request_id,
        **values,
    }


async def submit(session: AsyncSession, values: Mapping[str, Any], queue: Queue) -> Job:
    """Add a job with the columns of `new_job`; its first message commits with it."""
    added = await session.scalars(insert(Job).values(**values).returning(Job))
    job = added.one()
    await enqueue(session, first_message(job, job.request_id), queue)
    return job


async def change(session: AsyncSession, job: Job, values: Mapping[str, Any]) -> Job:
    """Give a job other values and the next version."""
    changed = await session.scalars(
        update(Job)
        .where(Job.tenant_id == job.tenant_id, Job.id == job.id)
        .values(**values, version=Job.version + 1, updated_at=func.now())
        .returning(Job)
        .execution_options(populate_existing=True)
    )
    return changed.one()


def first_message(job: Job, request_id: str | None) -> TaskMessage:
    """The message that starts a queued job."""
    message = JOB_MESSAGES.get(job.type, IngestFile)
    return message.model_validate({"tenant_id": job.tenant_id, "job_id": job.id, "request_id": request_id})


def look_again(job: Job, request_id: str | None) -> TaskMessage:
    """The message by which workers look at a job again: to stop it, or to go on with what failed."""
    return advance_message(job.type, job.tenant_id, job.id, request_id=request_id)


def kind_of(job: Job) -> Kind:
    """What the job's rows are.

    Raises:
        ValueError: The job has none, as exports had when they were jobs.
    """
    if job.kind is None:
        raise ValueError(f"Job {job.id} has no kind: it is an export of an earlier release, which nobody works on.")
    return job.kind


def submitter_context(job: Job) -> AccessContext:
    """The context of whoever handed the job in: what they may see and change, and no more."""
    return AccessContext(
        tenant_id=job.tenant_id,
        user_id=job.created_by,
        organization_id=job.submitter_organization_id,
        read_reach=Reach(job.read_reach),
        write_reach=Reach(job.write_reach),
    )


def listed(
    subject: Subject, *, job_type: JobType | None = None, state: JobState | None = None, kind: str | None = None
) -> Select[Job]:
    """Select the jobs of the caller's tenant that row-level security shows the caller."""
    statement = select(Job).where(Job.tenant_id == subject.tenant_id)
    for column, value in ((Job.type, job_type), (Job.state, state), (Job.kind, kind)):
        if value is not None:
            statement = statement.where(column == value)
    return statement


def locked(statement: Select[Job]) -> Select[Job]:
    """Select the same jobs for update, as they are now.

    It is no lock on the key: rows that refer to the job are stored meanwhile, or two chunks that have stored theirs
    would wait for each other for ever.
    """
    return statement.with_for_update(key_share=True).execution_options(populate_existing=True)


def has_ended(job: Job) -> bool:
    """Whether the job is in a final state."""
    return job.state in FINAL_STATES


def moved(job: Job, to: JobState) -> JobState:
    """The state `to`, if there is a transition to it from the job's state.

    Raises:
        ValueError: It cannot.
    """
    state = JobState(job.state)
    if to is not state and to not in TRANSITIONS[state]:
        raise ValueError(f"Job {job.id} is {state}; from there it does not become {to}.")
    return to


def cancelled(job: Job) -> JobState | None:
    """The state of a job that is to stop; None where that was asked before.

    Raises:
        ConflictError: The job has ended.
    """
    if has_ended(job):
        raise ConflictError(f"The job has ended: it is {job.state}.")
    return None if job.state == JobState.CANCELLING else moved(job, JobState.CANCELLING)


def check_retry(job: Job) -> None:
    """Refuse to try a job again that has not ended short of its work, or whose file was refused.

    Raises:
        ConflictError: It says why.
    """
    if JobState.SCORING not in TRANSITIONS[JobState(job.state)] or not has_ended(job):
        raise ConflictError(f"There is nothing to try again: the job is {job.state}.")
    if job.state == JobState.FAILED and job.error_code != INGEST_FAILED:
        raise ConflictError("The file itself was refused; mend it and upload it again.")


def retried(job: Job, *, file_is_read: bool) -> dict[str, Any]:
    """The columns of a job that is tried again: from its file, or from the chunks of a file that was read."""
    state = moved(job, JobState.SCORING if file_is_read else JobState.QUEUED)
    return {"state": state, "error_code": None, "error_message": None, "finished_at": None}


def check_deletion(job: Job) -> None:
    """Refuse to delete a job that workers may be at.

    Raises:
        ConflictError: The job has not ended.
    """
    if not has_ended(job):
        raise ConflictError("The job has not ended; cancel it first.")


def touch(job: Job) -> None:
    """Note that the job, whose row is locked, has changed."""
    job.version += 1
    job.updated_at = func.now()


def finish(job: Job, state: JobState, *, code: str | None = None, message: str | None = None) -> None:
    """Put the job into a final state, with the error that ended it if one did."""
    job.state = moved(job, state)
    job.error_code = code
    job.error_message = message
    job.finished_at = func.now()
    touch(job)


def complete(job: Job) -> None:
    """End a job whose work is done: with errors if rows of it were rejected."""
    finish(job, JobState.COMPLETED_WITH_ERRORS if job.rows_rejected else JobState.COMPLETED)


def close_if_done(job: Job) -> bool:
    """Complete a job whose chunks are all settled; tells whether it did."""
    if job.state != JobState.SCORING or job.chunks_done < job.chunks_total:
        return False
    complete(job)
    return True
