"""Who gets the next chunk: each tenant has a bounded number with the workers, and its jobs take turns.

A chunk that is ready and has a `lease_expires_at` has been handed out and is awaited until then; past that time its
message counts as lost. Nothing else remembers what is in flight, so nothing can disagree with it.
"""

from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from accunode_common.tasks.messages import INTERACTIVE_ROWS, Queue, ScoreChunk, queue_for_rows
from accunode_common.tasks.outbox import enqueue_sync
from accunode_credit.models.bulk import Job
from accunode_ml.settings import WorkerSettings

_ONE_AT_A_TIME = text("select pg_advisory_xact_lock(hashtextextended(:tenant || :queue, 0))")
_UNFINISHED = """
    bulk.jobs j join bulk.chunks c on c.tenant_id = j.tenant_id and c.job_id = j.id
    where j.tenant_id = :tenant_id and j.state = 'scoring' and (j.rows_total <= :interactive_rows) = :interactive
      and c.tenant_id = :tenant_id and c.number > 0
"""
_IN_FLIGHT = text(f"""
    select count(*) from {_UNFINISHED} and c.state in ('ready', 'leased') and c.lease_expires_at >= clock_timestamp()
""")  # noqa: S608
_HAND_OUT = text(f"""
    with chosen as (
        select c.job_id, c.number from {_UNFINISHED} and c.state in ('ready', 'leased')
          and (c.lease_expires_at is null or c.lease_expires_at < clock_timestamp())
        order by c.number, c.job_id limit :free for update of c skip locked
    )
    update bulk.chunks c
    set state = 'ready', lease_expires_at = clock_timestamp() + make_interval(secs => :seconds), updated_at = now()
    from chosen
    where c.tenant_id = :tenant_id and c.job_id = chosen.job_id and c.number = chosen.number
    returning c.job_id, c.number
""")  # noqa: S608
_RECALL = text("""
    update bulk.chunks set lease_expires_at = null
    where tenant_id = :tenant_id and job_id = :job_id and state = 'ready' and lease_expires_at is not null
""")


def queue_of(job: Job) -> Queue:
    """Where the job's chunks are scored; fixed once its rows are counted."""
    return queue_for_rows(job.rows_total)


def hand_out(session: Session, settings: WorkerSettings, tenant_id: UUID, queue: Queue) -> int:
    """Send the tenant's next chunks to the workers as far as its share allows; returns how many.

    It is the last thing a transaction does: it waits for other transactions of the tenant that hand out.
    """
    session.flush()
    session.execute(_ONE_AT_A_TIME, {"tenant": str(tenant_id), "queue": queue.value})
    which = {
        "tenant_id": tenant_id,
        "interactive_rows": INTERACTIVE_ROWS,
        "interactive": queue is Queue.INTERACTIVE,
    }
    in_flight = session.execute(_IN_FLIGHT, which).scalar_one()
    free = settings.chunks_in_flight - in_flight
    if free <= 0:
        return 0
    chosen = session.execute(_HAND_OUT, {**which, "free": free, "seconds": settings.handout_seconds}).all()
    for row in sorted(chosen, key=lambda row: (row.number, row.job_id)):
        enqueue_sync(session, ScoreChunk(tenant_id=tenant_id, job_id=row.job_id, number=row.number), queue)
    return len(chosen)


def recall(session: Session, job: Job) -> None:
    """Take back what was handed out and never begun, as its messages are lost."""
    session.execute(_RECALL, {"tenant_id": job.tenant_id, "job_id": job.id})
