"""Whom a notice goes to."""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from accunode_common.models.identity import User


async def address(session: AsyncSession, user_id: UUID) -> str | None:
    """The person's address."""
    return await session.scalar(select(User.email).where(User.id == user_id))
