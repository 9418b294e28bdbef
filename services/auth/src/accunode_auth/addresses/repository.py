"""The address of an account."""

from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from accunode_common.models.identity import User, UserStatus


async def email_of_active(session: AsyncSession, user_id: UUID) -> str | None:
    """The person's address, locked; None if they may not sign in."""
    query = select(User.email).where(User.id == user_id, User.status == UserStatus.ACTIVE).with_for_update()
    return await session.scalar(query)


async def replace(session: AsyncSession, user_id: UUID, *, email: str, email_key: str) -> bool:
    """Give the person another address, which they have shown to be theirs; gives False if somebody has it."""
    values = {"email": email, "email_key": email_key, "email_verified_at": func.now(), "version": User.version + 1}
    try:
        async with session.begin_nested():
            await session.execute(update(User).where(User.id == user_id).values(values))
    except IntegrityError:
        return False
    return True
