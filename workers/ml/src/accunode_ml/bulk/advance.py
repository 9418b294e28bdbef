"""`bulk.advance`: look at a job that stood still, was cancelled or is to be retried, and get it going or close it."""

from sqlalchemy import text
from sqlalchemy.orm import Session

from accunode_common.tasks.messages import AdvanceJob, IngestFile, queue_for_bytes
from accunode_common.tasks.outbox import enqueue_sync
from accunode_credit.leases import FILE
from accunode_credit.models.bulk import Job, JobState
from accunode_ml.bulk import jobs, settle
from accunode_ml.bulk.handout import recall
from accunode_ml.runtime import Runtime

_FILE_IS_BEING_READ = text(f"""
    select exists (
        select 1 from bulk.chunks where tenant_id = :tenant_id and job_id = :job_id and number = {FILE}
          and state = 'leased' and lease_expires_at >= clock_timestamp()
    )
""")  # noqa: S608


def advance(runtime: Runtime, message: AdvanceJob) -> None:
    """Do for the job whatever is next. It can run at any time, and any number of times."""
    with runtime.database.transaction(jobs.tenant_context(message.tenant_id)) as session:
        job = jobs.lock(session, message.tenant_id, message.job_id)
        if job is None:
            return
        match JobState(job.state):
            case JobState.QUEUED | JobState.INGESTING:
                _read_again(session, job)
            case JobState.SCORING:
                if message.resend:
                    recall(session, job)
                settle.move_on(session, runtime, job)
            case JobState.CANCELLING:
                settle.move_on(session, runtime, job)
            case _:
                return
        jobs.touch(job)


def _read_again(session: Session, job: Job) -> None:
    being_read = session.execute(_FILE_IS_BEING_READ, {"tenant_id": job.tenant_id, "job_id": job.id}).scalar_one()
    if not being_read:
        message = IngestFile(tenant_id=job.tenant_id, job_id=job.id, request_id=job.request_id)
        enqueue_sync(session, message, queue_for_bytes(job.file_bytes or 0))
