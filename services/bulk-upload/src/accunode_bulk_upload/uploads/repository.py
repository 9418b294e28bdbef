"""The SQL of uploads."""

from typing import Any

from sqlalchemy import delete, exists, func, select, text
from sqlalchemy.engine import CursorResult
from sqlalchemy.ext.asyncio import AsyncSession

from accunode_credit.leases import UNDONE, WHOLE_JOB
from accunode_credit.models.bulk import CHUNK_FAILED, Chunk, ChunkState, Job, RowIssue
from accunode_credit.models.credit import Prediction

# As text: the model would also set `updated_at`, which this service has no right to.
_RELEASE = text("""
    update credit.predictions set job_id = null, row_number = null where tenant_id = :tenant_id and job_id = :job_id
""")


async def file_is_read(session: AsyncSession, job: Job) -> bool:
    """Whether the job's file was read to its end."""
    state = await session.scalar(
        select(Chunk.state).where(Chunk.tenant_id == job.tenant_id, Chunk.job_id == job.id, Chunk.number == WHOLE_JOB)
    )
    return bool(state == ChunkState.DONE)


async def undone_chunks(session: AsyncSession, job: Job) -> tuple[int, int, int]:
    """How many chunks were quarantined or cancelled; and of the quarantined ones, how many and how many rows."""
    quarantined = Chunk.state == ChunkState.QUARANTINED
    row = await session.execute(
        select(
            func.count(),
            func.count().filter(quarantined),
            func.coalesce(func.sum(Chunk.rows).filter(quarantined), 0),
        ).where(
            Chunk.tenant_id == job.tenant_id, Chunk.job_id == job.id, Chunk.number > WHOLE_JOB, Chunk.state.in_(UNDONE)
        )
    )
    undone, failed, rows = row.one()
    return int(undone), int(failed), int(rows)


async def forget_failed_rows(session: AsyncSession, job: Job) -> None:
    """Take back what was said of the rows of quarantined chunks."""
    await session.execute(
        delete(RowIssue).where(
            RowIssue.tenant_id == job.tenant_id, RowIssue.job_id == job.id, RowIssue.code == CHUNK_FAILED
        )
    )


async def stored_predictions(session: AsyncSession, job: Job) -> int:
    """How many predictions name the job."""
    counted = select(func.count()).where(Prediction.tenant_id == job.tenant_id, Prediction.job_id == job.id)
    return int(await session.scalar(counted) or 0)


async def release_predictions(session: AsyncSession, job: Job) -> bool:
    """Cut the job's predictions loose; returns whether none is left, as the caller cannot change those of others."""
    stored = (Prediction.tenant_id == job.tenant_id, Prediction.job_id == job.id)
    await session.execute(_RELEASE, {"tenant_id": job.tenant_id, "job_id": job.id})
    return not await session.scalar(select(exists().where(*stored)))


async def remove(session: AsyncSession, job: Job) -> bool:
    """Delete the job with its chunks and row issues."""
    deleted: CursorResult[Any] = await session.execute(  # type: ignore[assignment]
        delete(Job).where(Job.tenant_id == job.tenant_id, Job.id == job.id)
    )
    return deleted.rowcount == 1
