"""How a bulk job goes on after one of its chunks has ended: it closes, or the next chunks are dispatched."""

from sqlalchemy.orm import Session

from accunode_common.tasks.messages import PurgeFiles, Queue
from accunode_common.tasks.outbox import enqueue_sync
from accunode_credit import leases
from accunode_credit.jobs import close_if_done, finish
from accunode_credit.models.bulk import FINAL_STATES, Job, JobState
from accunode_ml.bulk.dispatch import dispatch_chunks, queue_of
from accunode_ml.leased.task import LeasedTask, TaskRefusedError, cancel_if_idle
from accunode_ml.repositories import jobs
from accunode_ml.settings import ChunkSettings


def move_on(session: Session, settings: ChunkSettings, job: Job) -> None:
    """Close the job if its last chunk has ended, or it is cancelled, and give its place to the next; it is locked."""
    cancel_if_idle(session, job)
    if close_if_done(job):
        message = PurgeFiles(tenant_id=job.tenant_id, job_id=job.id, request_id=job.request_id)
        enqueue_sync(session, message, Queue.MAINTENANCE)
    dispatch_chunks(session, settings, job.tenant_id, queue_of(job))


class BulkTask(LeasedTask):
    """A part of a bulk job: the reading of its file, or a chunk."""

    def cancelled(self, session: Session, job: Job) -> None:
        """Go on without this part."""
        move_on(session, self.runtime.settings.chunks, job)

    def refused(self, session: Session, refusal: TaskRefusedError) -> None:
        """End the job; what others work on ends without being stored."""
        leases.cancel(session, self.lease)
        leases.cancel_idle(session, self.job)
        job = jobs.lock(session, self.job.tenant_id, self.job.id)
        if job is None or job.state in FINAL_STATES:
            return
        finish(job, JobState.FAILED, code=refusal.code, message=refusal.message)
        move_on(session, self.runtime.settings.chunks, job)
