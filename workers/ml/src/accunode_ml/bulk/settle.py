"""How a chunk and its job end: in the transaction that did the work, or in one that gives the work up."""

from sqlalchemy import text
from sqlalchemy.orm import Session

from accunode_common.log import get_logger
from accunode_common.tasks.messages import PurgeFiles, Queue
from accunode_common.tasks.outbox import enqueue_sync
from accunode_credit import leases
from accunode_credit.leases import FILE, Lease
from accunode_credit.models.bulk import CHUNK_FAILED, FINAL_STATES, INGEST_FAILED, ChunkState, Job, JobState
from accunode_ml.bulk import jobs
from accunode_ml.bulk.handout import hand_out, queue_of
from accunode_ml.runtime import Runtime
from accunode_ml.submitter import NOT_ALLOWED, NOT_ALLOWED_MESSAGE

# The chunk itself is not read: it may be what its readers die of.
_FAILED_ROWS = text("""
    insert into bulk.row_issues (tenant_id, job_id, row_number, position, outcome, code, message)
    select c.tenant_id, c.job_id, each.number, 0, 'rejected', :code, :message
    from bulk.chunks c, unnest(c.row_numbers) run, generate_series(lower(run), upper(run) - 1) each (number)
    where c.tenant_id = :tenant_id and c.job_id = :job_id and c.number = :number
    on conflict do nothing
""")
_CANCEL_IDLE = text("""
    update bulk.chunks set state = 'cancelled', lease_expires_at = null, updated_at = now()
    where tenant_id = :tenant_id and job_id = :job_id
      and (state = 'ready' or (state = 'leased' and lease_expires_at < clock_timestamp()))
""")
_BUSY = text("""
    select count(*) from bulk.chunks where tenant_id = :tenant_id and job_id = :job_id and state = 'leased'
""")
_READING = text(f"select fence from bulk.chunks where tenant_id = :tenant_id and job_id = :job_id and number = {FILE}")  # noqa: S608

logger = get_logger(__name__)


def reading_of(session: Session, job: Job) -> int:
    """Under which lease the job's file was read; its chunks lie there."""
    return int(session.execute(_READING, {"tenant_id": job.tenant_id, "job_id": job.id}).scalar_one())


def move_on(session: Session, runtime: Runtime, job: Job) -> None:
    """After a chunk is settled: close the job if it was the last, or cancelled, and give its place to the next one."""
    if job.state == JobState.CANCELLING:
        cancel_if_idle(session, job)
    if jobs.close_if_done(job):
        message = PurgeFiles(tenant_id=job.tenant_id, job_id=job.id, request_id=job.request_id)
        enqueue_sync(session, message, Queue.MAINTENANCE)
    hand_out(session, runtime.settings, job.tenant_id, queue_of(job))


def cancel_if_idle(session: Session, job: Job) -> None:
    """Cancel what nobody works on, and the job once nobody works on any of it; call it with the job locked."""
    session.flush()
    session.execute(_CANCEL_IDLE, {"tenant_id": job.tenant_id, "job_id": job.id})
    if session.execute(_BUSY, {"tenant_id": job.tenant_id, "job_id": job.id}).scalar_one() == 0:
        jobs.finish(job, JobState.CANCELLED)


def abandon(runtime: Runtime, lease: Lease, reason: str) -> None:
    """After a failed try: let the chunk be tried again after a pause, or give it up for good.

    Raises:
        LeaseLostError: Somebody else has the chunk already.
    """
    settings = runtime.settings
    with runtime.database.transaction(jobs.tenant_context(lease.tenant_id)) as session:
        leases.hold(session, lease)
        if lease.attempt < settings.chunk_attempts:
            leases.give_back(session, lease, error=reason, pause=settings.chunk_retry_seconds * lease.attempt)
            return
        give_up(session, runtime, lease, reason)


def give_up(session: Session, runtime: Runtime, lease: Lease, reason: str) -> None:
    """Quarantine a chunk that keeps failing: its rows are rejected, and the job goes on without them."""
    if lease.number == FILE:
        leases.settle(session, lease, ChunkState.QUARANTINED, error=reason)
        job = jobs.lock(session, lease.tenant_id, lease.job_id)
        if job is not None and job.state == JobState.INGESTING:
            message = f"The file could not be read in {lease.attempt} tries: {reason}"
            jobs.finish(job, JobState.FAILED, code=INGEST_FAILED, message=message)
        return
    found = jobs.find(session, lease.tenant_id, lease.job_id)
    if found is None:
        return
    message = f"The part of the file with this row failed {lease.attempt} times: {reason}."
    which = {"tenant_id": lease.tenant_id, "job_id": lease.job_id, "number": lease.number}
    session.execute(_FAILED_ROWS, {**which, "code": CHUNK_FAILED, "message": message})
    leases.settle(session, lease, ChunkState.QUARANTINED, error=reason)
    job = jobs.lock(session, lease.tenant_id, lease.job_id)
    if job is None:
        return
    job.chunks_done += 1
    jobs.add_counts(job, rejected=lease.rows)
    logger.error("chunk quarantined", job_id=str(job.id), chunk=lease.number, reason=reason)
    move_on(session, runtime, job)


def refuse_submitter(session: Session, runtime: Runtime, job: Job, lease: Lease) -> None:
    """End a job whose submitter may no longer write; running chunks end without storing anything."""
    leases.settle(session, lease, ChunkState.CANCELLED)
    session.execute(_CANCEL_IDLE, {"tenant_id": job.tenant_id, "job_id": job.id})
    locked = jobs.lock(session, job.tenant_id, job.id)
    if locked is None or locked.state in FINAL_STATES:
        return
    jobs.finish(locked, JobState.FAILED, code=NOT_ALLOWED, message=NOT_ALLOWED_MESSAGE)
    move_on(session, runtime, locked)
