"""Who gets the next chunk: each tenant has a bounded number with the workers, and its jobs take turns."""

from uuid import UUID

from sqlalchemy.orm import Session

from accunode_common.tasks.messages import Queue, ScoreChunk, queue_for_rows
from accunode_common.tasks.outbox import enqueue_sync
from accunode_credit.models.bulk import Job
from accunode_ml.repositories import chunks
from accunode_ml.settings import ChunkSettings


def queue_of(job: Job) -> Queue:
    """Where the job's chunks are scored; fixed once its rows are counted."""
    return queue_for_rows(job.rows_total)


def dispatch_chunks(session: Session, settings: ChunkSettings, tenant_id: UUID, queue: Queue) -> None:
    """Send the tenant's next chunks to the workers as far as its share allows.

    It is the last thing a transaction does: it waits for other transactions of the tenant that dispatch.
    """
    session.flush()
    chunks.wait_for_the_queue(session, tenant_id, queue)
    free = settings.in_flight - chunks.count_in_flight(session, tenant_id, queue)
    if free <= 0:
        return
    within = settings.lost_seconds
    for job_id, number in chunks.dispatch(session, tenant_id, queue, most=free, expected_within=within):
        enqueue_sync(session, ScoreChunk(tenant_id=tenant_id, job_id=job_id, number=number), queue)
