"""`bulk.score_chunk`: lease a chunk, score it as one matrix, store it in one transaction with the end of the lease."""

from sqlalchemy.orm import Session

from accunode_common.tasks.messages import ScoreChunk
from accunode_credit import leases
from accunode_credit.leases import Lease
from accunode_credit.models.bulk import ChunkState, Job, JobState
from accunode_ml.bulk import chunk_file, jobs, settle
from accunode_ml.bulk.scoring import ScoredChunk, score_rows
from accunode_ml.bulk.shadow import score_beside
from accunode_ml.bulk.store import Stored, store
from accunode_ml.leased import carry_out
from accunode_ml.runtime import Runtime
from accunode_ml.serving import challenger_of, master_scale
from accunode_ml.submitter import may_still_write


def score_chunk(runtime: Runtime, message: ScoreChunk) -> None:
    """Score and store one chunk. It can run twice: whoever comes second finds the chunk done or taken."""
    begun = _begin(runtime, message)
    if begun is None:
        return
    job, lease = begun
    carry_out(
        runtime,
        lambda: _store(runtime, job, lease, _score(runtime, job, lease)),
        lambda reason: settle.abandon(runtime, lease, reason),
        job_id=str(job.id),
        chunk=lease.number,
        attempt=lease.attempt,
    )


def _begin(runtime: Runtime, message: ScoreChunk) -> tuple[Job, Lease] | None:
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
            runtime.holder,
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
        return job, lease


def _stop(session: Session, runtime: Runtime, job: Job) -> None:
    locked = jobs.lock(session, job.tenant_id, job.id)
    if locked is not None and locked.state == JobState.CANCELLING:
        settle.cancel_if_idle(session, locked)
        settle.move_on(session, runtime, locked)


def _score(runtime: Runtime, job: Job, lease: Lease) -> ScoredChunk:
    kind = jobs.kind_of(job)
    if job.model_version is None:
        raise ValueError("the job has chunks and no model version")
    with runtime.database.transaction(jobs.tenant_context(job.tenant_id)) as session:
        key = chunk_file.chunk_key(job, settle.reading_of(session, job), lease.number)
        scale = master_scale(session, job.tenant_id)
        # A dry run stores nothing that a challenger's score could stand beside.
        challenger = None if job.dry_run else challenger_of(session, kind)
    rows = chunk_file.read_chunk(runtime.storage, key)
    scorer = runtime.models.scorer(kind, job.model_version)
    chunk = score_rows(rows, scorer, scale)
    if challenger is None or challenger.version == scorer.version:
        return chunk
    return score_beside(chunk, rows, runtime.models, challenger)


def _store(runtime: Runtime, job: Job, lease: Lease, chunk: ScoredChunk) -> None:
    """Store the chunk and end the lease."""
    with runtime.database.transaction(jobs.submitter_context(job)) as session:
        leases.hold(session, lease)
        found = jobs.find(session, lease.tenant_id, lease.job_id)
        if found is None:
            return
        if found.state == JobState.SCORING and not may_still_write(session, found):
            settle.refuse_submitter(session, runtime, found, lease)
            return
        stored = Stored()
        if found.state == JobState.SCORING:
            stored = store(session, found, chunk)
            leases.settle(session, lease, ChunkState.DONE, rows_stored=stored.accepted)
        else:
            leases.settle(session, lease, ChunkState.CANCELLED)
        # From here on the job's other chunks wait, so this comes last and is short.
        locked = jobs.lock(session, lease.tenant_id, lease.job_id)
        if locked is None:
            return
        if stored.accepted or stored.rejected or stored.skipped:
            locked.chunks_done += 1
            jobs.add_counts(locked, accepted=stored.accepted, rejected=stored.rejected, skipped=stored.skipped)
            jobs.add_to_result(locked, stored.distributions)
        settle.move_on(session, runtime, locked)
