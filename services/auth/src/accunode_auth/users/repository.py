"""People."""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from accunode_common.models.identity import User


async def find(session: AsyncSession, user_id: UUID, *, lock: bool = False) -> User | None:
    """The person, if in sight."""
    query = select(User).where(User.id == user_id)
    if lock:
        query = query.with_for_update()
    return (await session.scalars(query)).one_or_none()


async def rename(session: AsyncSession, user: User, full_name: str) -> None:
    """Give a person another name."""
    user.full_name = full_name
    user.version += 1
    await session.flush()
