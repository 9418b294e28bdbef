"""`bulk.score_chunk`: lease a chunk, score it as one matrix, store it in one transaction with the end of the lease."""

from dataclasses import dataclass

from celery.exceptions import SoftTimeLimitExceeded
from psycopg import errors as pg
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from accunode_common.log import get_logger
from accunode_common.models.bulk import ChunkState, Job, JobState
from accunode_common.tasks import leases
from accunode_common.tasks.leases import Lease, LeaseLostError
from accunode_common.tasks.messages import ScoreChunk
from accunode_ml.bulk import chunk_file, jobs, settle
from accunode_ml.bulk.scoring import ScoredChunk, score_rows
from accunode_ml.bulk.shadow import Challenger, challenger_of, score_beside
from accunode_ml.bulk.store import Stored, store
from accunode_ml.runtime import Runtime
from accunode_ml.serving import master_scale
from accunode_scoring import MasterScale

GIVE_WAY_TRIES = 5

logger = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Work:
    job: Job
    lease: Lease
    key: str
    scale: MasterScale | None
    challenger: Challenger | None


def score_chunk(runtime: Runtime, message: ScoreChunk) -> None:
    """Score and store one chunk. It can run twice: whoever comes second finds the chunk done or taken."""
    work = _begin(runtime, message)
    if work is None:
        return
    try:
        chunk = _score(runtime, work)
        _finish(runtime, work, chunk)
    except LeaseLostError:
        logger.warning("lease lost", job_id=str(message.job_id), chunk=message.number)
    except Exception as error:
        # Whatever it was, the job must learn of it: a chunk that always fails must not stop the others.
        logger.exception("chunk failed", job_id=str(message.job_id), chunk=message.number, attempt=work.lease.attempt)
        settle.abandon(runtime, work.lease, _reason(error))


def _begin(runtime: Runtime, message: ScoreChunk) -> _Work | None:
    settings = runtime.settings
    with runtime.database.transaction(jobs.tenant_context(message.tenant_id)) as session:
        job = jobs.find(session, message.tenant_id, message.job_id)
        if job is None or job.state not in (JobState.SCORING, JobState.CANCELLING):
            return None
        if job.state == JobState.CANCELLING:
            _stop(session, runtime, job)
            return None
        lease = leases.take(
            session,
            tenant_id=job.tenant_id,
            job_id=job.id,
            number=message.number,
            seconds=settings.chunk_lease_seconds,
        )
        if lease is None:
            return None
        if lease.attempt > settings.chunk_attempts:
            settle.give_up(session, runtime, lease, "the worker died each time")
            return None
        key = chunk_file.chunk_key(job, settle.reading_of(session, job), lease.number)
        # A dry run stores nothing that a challenger's score could stand beside.
        challenger = None if job.dry_run else challenger_of(session, jobs.kind_of(job))
        return _Work(job, lease, key, master_scale(session, job.tenant_id), challenger)


def _stop(session: Session, runtime: Runtime, job: Job) -> None:
    locked = jobs.lock(session, job.tenant_id, job.id)
    if locked is not None and locked.state == JobState.CANCELLING:
        settle.cancel_if_idle(session, locked)
        settle.move_on(session, runtime, locked)


def _score(runtime: Runtime, work: _Work) -> ScoredChunk:
    if work.job.model_version is None:
        raise ValueError("the job has chunks and no model version")
    rows = chunk_file.read_chunk(runtime.storage, work.key)
    kind = jobs.kind_of(work.job)
    scorer = runtime.models.scorer(kind, work.job.model_version)
    chunk = score_rows(rows, scorer, work.scale)
    if work.challenger is None or work.challenger.version == scorer.version:
        return chunk
    return score_beside(chunk, rows, runtime.models, work.challenger)


def _finish(runtime: Runtime, work: _Work, chunk: ScoredChunk) -> None:
    """Store the chunk and end the lease; of two transactions that block each other, one begins again."""
    for attempt in range(1, GIVE_WAY_TRIES + 1):
        try:
            with runtime.database.transaction(jobs.submitter_context(work.job)) as session:
                _store_and_settle(session, runtime, work, chunk)
            return
        except OperationalError as error:
            gives_way = isinstance(error.orig, (pg.DeadlockDetected, pg.SerializationFailure))
            if not gives_way or attempt == GIVE_WAY_TRIES:
                raise
            logger.info("transaction gave way", job_id=str(work.job.id), chunk=work.lease.number)


def _store_and_settle(session: Session, runtime: Runtime, work: _Work, chunk: ScoredChunk) -> None:
    lease = work.lease
    leases.hold(session, lease)
    job = jobs.find(session, lease.tenant_id, lease.job_id)
    if job is None:
        return
    stored = Stored()
    if job.state == JobState.CANCELLING:
        leases.settle(session, lease, ChunkState.CANCELLED)
    else:
        stored = store(session, job, chunk)
        leases.settle(session, lease, ChunkState.DONE, rows_stored=stored.accepted)
    # From here on the job's other chunks wait, so this comes last and is short.
    locked = jobs.lock(session, lease.tenant_id, lease.job_id)
    if locked is None:
        return
    if stored.accepted or stored.rejected or stored.skipped:
        locked.chunks_done += 1
        jobs.add_counts(locked, accepted=stored.accepted, rejected=stored.rejected, skipped=stored.skipped)
        jobs.add_to_result(locked, stored.distributions)
    settle.move_on(session, runtime, locked)


def _reason(error: BaseException) -> str:
    if isinstance(error, SoftTimeLimitExceeded):
        return "it took too long"
    if isinstance(error, OperationalError):
        return type(error.orig).__name__
    return type(error).__name__
