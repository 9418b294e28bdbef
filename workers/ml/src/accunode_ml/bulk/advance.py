"""`bulk.advance`: look at a job that stood still, was cancelled or is to be retried, and get it going or close it."""

from sqlalchemy.orm import Session

from accunode_common.tasks.messages import AdvanceJob, IngestFile, queue_for_bytes
from accunode_common.tasks.outbox import enqueue_sync
from accunode_credit import leases
from accunode_credit.jobs import touch
from accunode_credit.models.bulk import Job, JobState
from accunode_ml.bulk.progress import move_on
from accunode_ml.jobs import tenant_context
from accunode_ml.repositories import chunks, jobs
from accunode_ml.runtime import Runtime


def advance(runtime: Runtime, message: AdvanceJob) -> None:
    """Do for the job whatever is next. It can run at any time, and any number of times."""
    with runtime.database.transaction(tenant_context(message.tenant_id)) as session:
        job = jobs.lock(session, message.tenant_id, message.job_id)
        if job is None:
            return
        match JobState(job.state):
            case JobState.QUEUED | JobState.INGESTING:
                _read_again(session, job)
            case JobState.SCORING:
                if message.resend:
                    leases.recall(session, job)
                move_on(session, runtime.settings.chunks, job)
            case JobState.CANCELLING:
                move_on(session, runtime.settings.chunks, job)
            case _:
                return
        touch(job)


def _read_again(session: Session, job: Job) -> None:
    if not chunks.is_whole_job_leased(session, job):
        message = IngestFile(tenant_id=job.tenant_id, job_id=job.id, request_id=job.request_id)
        enqueue_sync(session, message, queue_for_bytes(job.file_bytes or 0))
