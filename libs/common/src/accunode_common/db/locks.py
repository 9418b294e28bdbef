"""Locks that more than one service takes."""

from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession


async def lock_members(session: AsyncSession, tenant_id: UUID) -> None:
    """Let one transaction at a time change who is in a tenant, or whether the tenant or an organization is in use.

    Whoever counts seats or administrators, or looks whether a place is in use, takes it before any row's lock.
    """
    key = f"members:{tenant_id}"
    await session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(key, 0))))
