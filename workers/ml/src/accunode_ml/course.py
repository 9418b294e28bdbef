"""Jobs that one worker at a time does in steps, each step its own transaction.

The job is leased like the file of a bulk job, under number 0: whoever comes second finds it taken, and whoever is late
finds another fence. Each step renews the lease. One that leaves durable progress behind takes back the tries counted so
far, so that a job is given up only when the same step fails every time.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from sqlalchemy import func, text
from sqlalchemy.orm import Session

from accunode_common.db.session import AccessContext
from accunode_common.tasks.messages import JobMessage, Queue
from accunode_common.tasks.outbox import enqueue_sync
from accunode_credit import leases
from accunode_credit.leases import FILE, Lease, LeaseLostError
from accunode_credit.models.bulk import FINAL_STATES, ChunkState, Job, JobState
from accunode_ml.bulk import jobs
from accunode_ml.leased import carry_out
from accunode_ml.runtime import Runtime
from accunode_ml.submitter import NOT_ALLOWED, NOT_ALLOWED_MESSAGE, may_still_write

JOB_FAILED = "job_failed"

_FRESH_TRIES = text(f"""
    update bulk.chunks set attempts = 0 where tenant_id = :tenant_id and job_id = :job_id and number = {FILE}
""")  # noqa: S608


class JobRefusedError(Exception):
    """The job cannot be done, and another try would not mend it.

    Args:
        code: A stable code for clients.
        message: Why, in a sentence.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class _CancelledError(Exception):
    """Somebody has cancelled the job."""


class Course:
    """A job that this worker has leased.

    Attributes:
        runtime: The worker's resources.
        job: The job as it was when this try began.
    """

    def __init__(self, runtime: Runtime, job: Job, lease: Lease) -> None:
        self.runtime = runtime
        self.job = job
        self._lease = lease

    @contextmanager
    def step(self, context: AccessContext | None = None) -> Iterator[Session]:
        """One transaction, in the submitter's context unless another is given, that commits under the lease only.

        Raises:
            LeaseLostError: Somebody else has the job.
            JobRefusedError: The submitter may no longer write.
        """
        with self.runtime.database.transaction(context or jobs.submitter_context(self.job)) as session:
            leases.hold(session, self._lease)
            job = jobs.find(session, self._lease.tenant_id, self._lease.job_id)
            if job is None:
                raise LeaseLostError(f"Job {self._lease.job_id} is gone.")
            if job.state == JobState.CANCELLING:
                raise _CancelledError
            if context is None and not may_still_write(session, job):
                raise JobRefusedError(NOT_ALLOWED, NOT_ALLOWED_MESSAGE)
            yield session

    def note(self, session: Session, change: Callable[[Job], None], *, durable: bool = False) -> None:
        """Change the job's row and renew the lease; the last thing a step does, as the row stays locked.

        Args:
            session: The step's.
            change: What to change.
            durable: Whether a next run goes on from here instead of beginning afresh.
        """
        job = self._locked(session)
        change(job)
        job.rows_total = max(job.rows_total, job.rows_accepted + job.rows_rejected + job.rows_skipped)
        jobs.touch(job)
        if durable:
            session.execute(_FRESH_TRIES, {"tenant_id": job.tenant_id, "job_id": job.id})
            self._lease = replace(self._lease, attempt=1)
        leases.renew(session, self._lease, seconds=self.runtime.settings.chunk_lease_seconds)

    def finish(self, session: Session, result: Mapping[str, Any]) -> None:
        """End the job with its result, in the step that found nothing left to do."""
        job = self._locked(session)
        leases.settle(session, self._lease, ChunkState.DONE)
        job.result = dict(result)
        job.rows_total = job.rows_accepted + job.rows_rejected + job.rows_skipped
        jobs.finish(job, JobState.COMPLETED_WITH_ERRORS if job.rows_rejected else JobState.COMPLETED)

    def take_turns(self, session: Session, message: JobMessage, queue: Queue) -> None:
        """Let other work through: end the lease, and send the message again to go on from where the job stands."""
        leases.give_back(session, self._lease, error="", pause=self.runtime.settings.handout_seconds)
        enqueue_sync(session, message, queue)

    def _end(self, state: JobState, chunk: ChunkState, *, code: str | None = None, message: str | None = None) -> None:
        with self.runtime.database.transaction(jobs.tenant_context(self._lease.tenant_id)) as session:
            leases.hold(session, self._lease)
            leases.settle(session, self._lease, chunk, error=message)
            jobs.finish(self._locked(session), state, code=code, message=message)

    def cancel(self) -> None:
        """End the job as somebody asked; what is committed stays."""
        self._end(JobState.CANCELLED, ChunkState.CANCELLED)

    def refuse(self, code: str, message: str) -> None:
        """End the job without a result."""
        self._end(JobState.FAILED, ChunkState.QUARANTINED, code=code, message=message)

    def look_again(self) -> None:
        """Read the job as it is now: a step before may have changed it."""
        with self.runtime.database.transaction(jobs.tenant_context(self._lease.tenant_id)) as session:
            leases.hold(session, self._lease)
            job = jobs.find(session, self._lease.tenant_id, self._lease.job_id)
            if job is None:
                raise LeaseLostError(f"Job {self._lease.job_id} is gone.")
            self.job = job

    def abandon(self, reason: str) -> None:
        """After a failed try: have the job tried again after a pause, or give it up."""
        settings = self.runtime.settings
        if self._lease.attempt >= settings.chunk_attempts:
            self.refuse(JOB_FAILED, f"It failed {self._lease.attempt} times: {reason}")
            return
        with self.runtime.database.transaction(jobs.tenant_context(self._lease.tenant_id)) as session:
            leases.hold(session, self._lease)
            leases.give_back(
                session, self._lease, error=reason, pause=settings.chunk_retry_seconds * self._lease.attempt
            )

    def _locked(self, session: Session) -> Job:
        job = jobs.lock(session, self._lease.tenant_id, self._lease.job_id)
        if job is None:
            raise LeaseLostError(f"Job {self._lease.job_id} is gone.")
        return job


def run_job(runtime: Runtime, message: JobMessage, work: Callable[[Course], None]) -> None:
    """Do a job, unless it is done or somebody else does it; whatever happens, the job learns of it."""
    course = _begin(runtime, message)
    if course is not None:
        carry_out(runtime, lambda: _try(course, work), course.abandon, job_id=str(message.job_id))


def _try(course: Course, work: Callable[[Course], None]) -> None:
    try:
        course.look_again()
        work(course)
    except _CancelledError:
        course.cancel()
    except JobRefusedError as refusal:
        course.refuse(refusal.code, refusal.message)


def _begin(runtime: Runtime, message: JobMessage) -> Course | None:
    settings = runtime.settings
    with runtime.database.transaction(jobs.tenant_context(message.tenant_id)) as session:
        job = jobs.lock(session, message.tenant_id, message.job_id)
        if job is None or job.state in FINAL_STATES:
            return None
        jobs.ensure_file_chunk(session, job)
        lease = leases.take(
            session,
            runtime.holder,
            tenant_id=job.tenant_id,
            job_id=job.id,
            number=FILE,
            seconds=settings.chunk_lease_seconds,
        )
        if lease is None:
            return None
        if job.state == JobState.CANCELLING:
            leases.settle(session, lease, ChunkState.CANCELLED)
            jobs.finish(job, JobState.CANCELLED)
            return None
        if lease.attempt > settings.chunk_attempts:
            leases.settle(session, lease, ChunkState.QUARANTINED, error="the worker died each time")
            jobs.finish(job, JobState.FAILED, code=JOB_FAILED, message="The worker died each time.")
            return None
        job.state = JobState.SCORING
        if job.started_at is None:
            job.started_at = func.now()
        jobs.touch(job)
        return Course(runtime, job, lease)
