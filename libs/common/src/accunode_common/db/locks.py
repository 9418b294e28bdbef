"""Locks that more than one service takes."""

from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession


async def lock_members(session: AsyncSession, tenant_id: UUID, organization_id: UUID | None) -> None:
    """Let one transaction at a time change who is in an organization, or who runs a tenant.

    Whoever counts seats or administrators before a change takes it first.
    """
    key = f"members:{tenant_id}:{organization_id}"
    await session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(key, 0))))
