"""Jobs that one worker does as a whole, in steps, each its own transaction that renews the lease.

A step that leaves durable progress behind takes back the tries counted so far, so that a job is given up only when the
same step fails every time.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from sqlalchemy import func
from sqlalchemy.orm import Session

from accunode_common.tasks.messages import JobMessage, Queue
from accunode_common.tasks.outbox import enqueue_sync
from accunode_credit import leases
from accunode_credit.jobs import complete as complete_job
from accunode_credit.jobs import finish, touch
from accunode_credit.models.bulk import FINAL_STATES, Job, JobState
from accunode_ml.leased.task import DIED_EACH_TIME, LeasedTask, TaskRefusedError
from accunode_ml.runtime import Runtime

JOB_FAILED = "job_failed"


class LeasedJob(LeasedTask):
    """A job that this worker does as a whole.

    Args:
        runtime: The worker's resources.
        message: What gets the job going.
        work: Does the job.
    """

    begins_in = frozenset(JobState) - FINAL_STATES - {JobState.CANCELLING}

    def __init__(self, runtime: Runtime, message: JobMessage, work: Callable[["LeasedJob"], None]) -> None:
        super().__init__(runtime, message.tenant_id, message.job_id)
        self._message = message
        self._work = work

    def work(self) -> None:
        """Do the job from where it stands now: a try before may have brought it on."""
        with self._under_lease() as session:
            job = self._find_job(session)
        self.job = job
        self._work(self)

    def begun(self, job: Job) -> None:
        """The job is being worked on."""
        job.state = JobState.SCORING
        if job.started_at is None:
            job.started_at = func.now()
        touch(job)

    def update_job(self, session: Session, change: Callable[[Job], None], *, durable: bool = False) -> None:
        """Change the job's row and renew the lease; the last thing a step does, as the row stays locked.

        Args:
            session: The step's.
            change: What to change.
            durable: Whether a next run goes on from here instead of beginning afresh.
        """
        job = self.lock_job(session)
        change(job)
        job.rows_total = max(job.rows_total, job.rows_accepted + job.rows_rejected + job.rows_skipped)
        touch(job)
        if durable:
            leases.forget_attempts(session, self.lease)
            self.lease = replace(self.lease, attempt=1)
        self.renew(session)

    def complete(self, session: Session, result: Mapping[str, Any]) -> None:
        """End the job with its result, in the step that found nothing left to do."""
        job = self.lock_job(session)
        leases.complete(session, self.lease)
        job.result = dict(result)
        job.rows_total = job.rows_accepted + job.rows_rejected + job.rows_skipped
        complete_job(job)

    def release(self, session: Session, queue: Queue) -> None:
        """Let other work through: end the lease, and send the message again to go on from where the job stands."""
        leases.release(session, self.lease, expected_within=self.runtime.settings.chunks.lost_seconds)
        enqueue_sync(session, self._message, queue)

    def refused(self, session: Session, refusal: TaskRefusedError) -> None:
        """End the job without a result."""
        leases.fail(session, self.lease, error=refusal.message)
        finish(self.lock_job(session), JobState.FAILED, code=refusal.code, message=refusal.message)

    def quarantined(self, session: Session, reason: str) -> None:
        """End the job, as it failed each time."""
        message = "The worker died each time." if reason == DIED_EACH_TIME else None
        message = message or f"It failed {self.lease.attempt} times: {reason}"
        self.refused(session, TaskRefusedError(JOB_FAILED, message))
