"""The hashes that are kept."""

from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from accunode_common.models.identity import User


async def find(session: AsyncSession, user_id: UUID) -> User | None:
    """The person."""
    return (await session.scalars(select(User).where(User.id == user_id))).one_or_none()


async def replace(session: AsyncSession, user_id: UUID, *, expected: str | None, password_hash: str) -> bool:
    """Keep a new hash in the place of `expected`; gives False if another has been put there meanwhile."""
    changed = await session.scalar(
        update(User)
        .where(User.id == user_id, User.password_hash.is_not_distinct_from(expected))
        .values(
            password_hash=password_hash,
            password_changed_at=func.now(),
            version=User.version + 1,
        )
        .returning(User.id)
    )
    return changed is not None
