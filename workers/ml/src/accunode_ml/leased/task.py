"""The loop of work under a lease: begin it, do it in steps, and end the lease in one of the known ways.

| how it goes on | when | what ends the lease |
|---|---|---|
| it is not begun | the job is over, cancelled, or somebody else's | nothing: there is no lease |
| done | the work's last step says so | `leases.complete`, by the work itself |
| cancelled | a step finds that somebody cancelled the job | `leases.cancel` |
| refused | input, submitter or model is at fault: another try would not mend it | `refused`, of the kind of work |
| tried again | a try failed | `leases.retry` |
| quarantined | the last try failed, or the worker died each time | `leases.fail`, by the kind of work |
| lost | a later worker has the lease | nothing of this worker's is kept |

Lost connections and conflicts of transactions are no tries: the work is done again at once, from wherever it stands.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import ClassVar
from uuid import UUID

from celery.exceptions import SoftTimeLimitExceeded
from psycopg import errors as pg
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from accunode_common.db.session import AccessContext
from accunode_common.db.transient import again_while_transient
from accunode_common.log import get_logger
from accunode_common.storage.base import StorageFullError
from accunode_credit import leases
from accunode_credit.champion import ModelRefusedError
from accunode_credit.jobs import finish, submitter_context
from accunode_credit.leases import WHOLE_JOB, Lease, LeaseLostError
from accunode_credit.models.bulk import Job, JobState
from accunode_ml.jobs import tenant_context
from accunode_ml.leased.submitter import NOT_ALLOWED, NOT_ALLOWED_MESSAGE, may_still_write
from accunode_ml.repositories import chunks, jobs
from accunode_ml.runtime import Runtime

DIED_EACH_TIME = "the worker died each time"

logger = get_logger(__name__)


class TaskRefusedError(Exception):
    """The work cannot be done, and another try would not mend it.

    Args:
        code: A stable code for clients.
        message: Why, in a sentence.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class SubmitterNotAllowedError(TaskRefusedError):
    """Whoever handed the job in may no longer write."""

    def __init__(self) -> None:
        super().__init__(NOT_ALLOWED, NOT_ALLOWED_MESSAGE)


class TaskCancelledError(Exception):
    """Somebody has ended the job meanwhile."""


class LeasedTask(ABC):
    """A chunk, or a whole job, that one worker at a time does.

    Attributes:
        runtime: The worker's resources.
        job: The job as it was when this try began.
        lease: The right to do the work; each commit is made under it.
    """

    begins_in: ClassVar[frozenset[JobState]]
    """The states of a job in which the work is begun."""

    job: Job
    lease: Lease

    def __init__(self, runtime: Runtime, tenant_id: UUID, job_id: UUID, number: int = WHOLE_JOB) -> None:
        self.runtime = runtime
        self._tenant_id, self._job_id, self._number = tenant_id, job_id, number

    @property
    def lease_seconds(self) -> float:
        """How long the work is the worker's at most, unless it renews the lease."""
        return self.runtime.settings.chunks.lease_seconds

    @abstractmethod
    def work(self) -> None:
        """Do it, from wherever it stands, and end the lease with `leases.complete`."""

    @abstractmethod
    def refused(self, session: Session, refusal: TaskRefusedError) -> None:
        """End the lease and the job, as the work was refused."""

    @abstractmethod
    def quarantined(self, session: Session, reason: str) -> None:
        """End the lease, as the last try has failed, and say so in the job."""

    @abstractmethod
    def begun(self, job: Job) -> None:
        """Note in the job that a try begins; a whole job is locked by then, that of a chunk is not."""

    def cancelled(self, session: Session, job: Job) -> None:
        """Go on with a job that was ended meanwhile, and is locked."""
        cancel_if_idle(session, job)

    @contextmanager
    def step(self, context: AccessContext | None = None) -> Iterator[Session]:
        """One transaction, in the submitter's context unless another is given, that commits under the lease only.

        Raises:
            LeaseLostError: Somebody else has the work.
            TaskCancelledError: The job was ended.
            SubmitterNotAllowedError: The submitter may no longer write; not asked in another's context.
        """
        with self.runtime.database.transaction(context or submitter_context(self.job)) as session:
            leases.hold(session, self.lease)
            job = self._find_job(session)
            if job.state not in self.begins_in:
                raise TaskCancelledError
            if context is None and not may_still_write(session, job):
                raise SubmitterNotAllowedError
            yield session

    def lock_job(self, session: Session) -> Job:
        """The job's row, locked: others that end parts of the job wait from here on."""
        job = jobs.lock(session, self._tenant_id, self._job_id)
        if job is None:
            raise self._job_is_gone()
        return job

    def renew(self, session: Session) -> None:
        """Keep the lease for as long again."""
        leases.renew(session, self.lease, seconds=self.lease_seconds)

    def run(self) -> None:
        """Do the work, unless it is done or somebody else's; whatever happens, the job learns of it."""
        if not self._begin():
            return
        seconds = self.runtime.settings.database.away_seconds
        facts = {"job_id": str(self._job_id), "chunk": self._number, "attempt": self.lease.attempt}
        try:
            try:
                again_while_transient(self._try, seconds=seconds)
            except LeaseLostError:
                raise
            except Exception as error:
                # Whatever it was: work that always fails must not stop the rest.
                logger.exception("work failed", **facts)
                reason = reason_of(error)
                again_while_transient(lambda: self._failed(reason), seconds=seconds)
        except LeaseLostError:
            logger.warning("lease lost", **facts)

    def _begin(self) -> bool:
        with self._in_tenant() as session:
            # A chunk's job is not locked, as the job's other chunks would wait.
            find = jobs.lock if self._number == WHOLE_JOB else jobs.find
            job = find(session, self._tenant_id, self._job_id)
            if job is not None and job.state == JobState.CANCELLING:
                job = jobs.lock(session, self._tenant_id, self._job_id)
                if job is not None:
                    self.cancelled(session, job)
                return False
            if job is None or job.state not in self.begins_in:
                return False
            if self._number == WHOLE_JOB:
                chunks.ensure_whole_job(session, job)
            lease = leases.take(
                session,
                self.runtime.holder,
                tenant_id=self._tenant_id,
                job_id=self._job_id,
                number=self._number,
                seconds=self.lease_seconds,
            )
            if lease is None:
                return False
            self.job, self.lease = job, lease
            self.begun(job)
            if lease.attempt > self.runtime.settings.chunks.attempts:
                session.flush()
                self.quarantined(session, DIED_EACH_TIME)
                return False
            return True

    def _try(self) -> None:
        try:
            self.work()
        except TaskCancelledError:
            with self._under_lease() as session:
                leases.cancel(session, self.lease)
                self.cancelled(session, self.lock_job(session))
        except TaskRefusedError as refusal:
            self._refuse(refusal)
        except ModelRefusedError as refusal:
            self._refuse(TaskRefusedError("model_missing", str(refusal)))

    def _refuse(self, refusal: TaskRefusedError) -> None:
        with self._under_lease() as session:
            self.refused(session, refusal)

    def _failed(self, reason: str) -> None:
        settings, attempt = self.runtime.settings.chunks, self.lease.attempt
        with self._under_lease() as session:
            if attempt < settings.attempts:
                leases.retry(session, self.lease, error=reason, pause=settings.retry_seconds * attempt)
            else:
                self.quarantined(session, reason)

    @contextmanager
    def _under_lease(self) -> Iterator[Session]:
        """A transaction that ends the lease, whatever the job's state is."""
        with self._in_tenant() as session:
            leases.hold(session, self.lease)
            yield session

    def _in_tenant(self) -> AbstractContextManager[Session]:
        return self.runtime.database.transaction(tenant_context(self._tenant_id))

    def _find_job(self, session: Session) -> Job:
        job = jobs.find(session, self._tenant_id, self._job_id)
        if job is None:
            raise self._job_is_gone()
        return job

    def _job_is_gone(self) -> LeaseLostError:
        return LeaseLostError(f"Job {self._job_id} is gone.")


def cancel_if_idle(session: Session, job: Job) -> None:
    """Cancel what nobody works on of a job that is to be cancelled, and the job once nobody works on any of it."""
    if job.state != JobState.CANCELLING:
        return
    session.flush()
    if leases.cancel_idle(session, job):
        finish(job, JobState.CANCELLED)


def reason_of(error: BaseException) -> str:
    """Why a try failed, in words that a job may show: no values, paths or statements."""
    if isinstance(error, SoftTimeLimitExceeded):
        return "it took too long"
    if isinstance(error, StorageFullError):
        return "the storage for files is full, so somebody must free space there"
    cause = error.orig if isinstance(error, DBAPIError) and error.orig is not None else error
    if isinstance(cause, pg.DiskFull):
        return "the database's disk is full, so somebody must free space there"
    return type(cause).__name__
