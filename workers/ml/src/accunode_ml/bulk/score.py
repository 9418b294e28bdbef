"""`bulk.score_chunk`: lease a chunk, score it as one matrix, store it in one transaction with the end of the lease."""

from sqlalchemy.orm import Session

from accunode_common.log import get_logger
from accunode_common.tasks.messages import ScoreChunk
from accunode_credit import leases
from accunode_credit.jobs import has_ended, kind_of
from accunode_credit.models.bulk import CHUNK_FAILED, Job, JobState
from accunode_credit.models.registry import ModelStatus
from accunode_ml.bulk import chunk_file
from accunode_ml.bulk.progress import BulkTask, move_on
from accunode_ml.bulk.scoring import ScoredChunk, score_rows
from accunode_ml.bulk.shadow import score_beside
from accunode_ml.bulk.store import store
from accunode_ml.jobs import add_counts, add_to_result, tenant_context
from accunode_ml.repositories import chunks, jobs, model_versions, row_issues
from accunode_ml.runtime import Runtime
from accunode_ml.serving import grading

logger = get_logger(__name__)


def score_chunk(runtime: Runtime, message: ScoreChunk) -> None:
    """Score and store one chunk. It can run twice: whoever comes second finds the chunk done or taken."""
    ChunkScoring(runtime, message.tenant_id, message.job_id, message.number).run()


class ChunkScoring(BulkTask):
    """The scoring and storing of one chunk."""

    begins_in = frozenset({JobState.SCORING})

    def begun(self, job: Job) -> None:
        """The job was begun with its file."""

    def work(self) -> None:
        """Score all rows, then store them in one transaction."""
        self._store(self._score())

    def _score(self) -> ScoredChunk:
        job, runtime = self.job, self.runtime
        kind = kind_of(job)
        if job.model_version is None:
            raise ValueError("the job has chunks and no model version")
        with runtime.database.transaction(tenant_context(job.tenant_id)) as session:
            key = chunk_file.chunk_key(job, chunks.fence_of_reading(session, job), self.lease.number)
            graded = grading(session, job.tenant_id)
            registry = model_versions.find_all(session)
        rows = chunk_file.read_chunk(runtime.storage, key)
        scorer = registry.with_all_of(runtime.models).version(kind, job.model_version).scorer(runtime.models)
        # A dry run stores nothing that a challenger's score could stand beside.
        challenger = None if job.dry_run else registry.in_role(kind, ModelStatus.CHALLENGER)
        chunk = score_rows(rows, graded.at_level(scorer), graded.scale)
        if challenger is None or challenger.version == scorer.version:
            return chunk
        return score_beside(chunk, rows, runtime.models, challenger, graded)

    def _store(self, chunk: ScoredChunk) -> None:
        with self.step() as session:
            stored = store(session, self.job, chunk)
            leases.complete(session, self.lease, rows_stored=stored.accepted)
            # From here on the job's other chunks wait, so this comes last and is short.
            job = self.lock_job(session)
            job.chunks_done += 1
            add_counts(job, accepted=stored.accepted, rejected=stored.rejected, skipped=stored.skipped)
            add_to_result(job, stored.distributions)
            move_on(session, self.runtime.settings.chunks, job)
            if not has_ended(job):
                chunks.commit_without_waiting(session)

    def quarantined(self, session: Session, reason: str) -> None:
        """Reject the chunk's rows; the job goes on without them."""
        lease = self.lease
        if jobs.find(session, lease.tenant_id, lease.job_id) is None:
            return
        message = f"The part of the file with this row failed {lease.attempt} times: {reason}."
        row_issues.add_for_chunk(session, lease, code=CHUNK_FAILED, message=message)
        leases.fail(session, lease, error=reason)
        job = self.lock_job(session)
        job.chunks_done += 1
        add_counts(job, rejected=lease.rows)
        logger.error("chunk quarantined", job_id=str(job.id), chunk=lease.number, reason=reason)
        move_on(session, self.runtime.settings.chunks, job)
