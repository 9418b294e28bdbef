"""`bulk.jobs`: read within the tenant, changed under a lock of the row."""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

import psycopg
from psycopg.sql import SQL
from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from accunode_credit.jobs import locked
from accunode_credit.models.bulk import UNFINISHED, Job, JobState

_DONE = (JobState.COMPLETED, JobState.COMPLETED_WITH_ERRORS)
_STALLED = SQL("""
    select tenant_id, id, type, lost from (
        select j.tenant_id, j.id, j.type,
            %(none_waits)s and j.updated_at < now() - make_interval(secs => %(lost)s) and not exists (
                select 1 from bulk.chunks c
                where c.tenant_id = j.tenant_id and c.job_id = j.id and c.state = 'leased'
                  and c.lease_expires_at >= clock_timestamp()
            ) as lost,
            j.updated_at < now() - make_interval(secs => %(stalled)s) or exists (
                select 1 from bulk.chunks c
                where c.tenant_id = j.tenant_id and c.job_id = j.id and c.state in ('ready', 'leased')
                  and c.lease_expires_at < clock_timestamp()
            ) as overdue
        from bulk.jobs j
        where {unfinished}
    ) j
    where %(all)s or lost or overdue
""").format(unfinished=SQL(UNFINISHED))


def find(session: Session, tenant_id: UUID, job_id: UUID) -> Job | None:
    """The job, as it is now."""
    return session.get(Job, (tenant_id, job_id), populate_existing=True)


def lock(session: Session, tenant_id: UUID, job_id: UUID) -> Job | None:
    """The job, which nobody else changes until the transaction ends."""
    job: Job | None = session.scalar(locked(select(Job).where(Job.tenant_id == tenant_id, Job.id == job_id)))
    return job


def with_needed_files(session: Session, tenant_id: UUID, job_ids: Sequence[UUID], *, done_for: timedelta) -> set[UUID]:
    """Which of these jobs need their chunks: those that are not completed, or not for so long yet."""
    needed = or_(Job.state.not_in(_DONE), Job.finished_at > func.now() - done_for)
    return set(session.scalars(select(Job.id).where(Job.tenant_id == tenant_id, Job.id.in_(job_ids), needed)))


def find_stalled(
    connection: psycopg.Connection, *, every: bool, none_waits: bool, lost: float, stalled: float
) -> list[tuple[UUID, UUID, str, bool]]:
    """Unfinished jobs that nobody goes on with: tenant, id, type, and whether the job's message was lost.

    Args:
        connection: The relay's.
        every: Give all that are unfinished.
        none_waits: Whether no message waits, so that a job that nobody works on for `lost` seconds has lost its own.
        lost: These seconds.
        stalled: After how many seconds without a change a job is given whatever waits.
    """
    limits = {"all": every, "none_waits": none_waits, "lost": lost, "stalled": stalled}
    return connection.execute(_STALLED, limits).fetchall()
