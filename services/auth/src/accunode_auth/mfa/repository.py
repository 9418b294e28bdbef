"""Authenticators."""

from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from accunode_common.models.identity import TotpCredential, User


async def find(db: AsyncSession, user_id: UUID) -> TotpCredential | None:
    """The person's authenticator, confirmed or not, locked."""
    query = select(TotpCredential).where(TotpCredential.user_id == user_id).with_for_update()
    return (await db.scalars(query.execution_options(populate_existing=True))).one_or_none()


async def remove(db: AsyncSession, user_id: UUID) -> None:
    """Forget the person's authenticator."""
    await db.execute(delete(TotpCredential).where(TotpCredential.user_id == user_id))


async def email(db: AsyncSession, user_id: UUID) -> str:
    """The person's address."""
    return (await db.execute(select(User.email).where(User.id == user_id))).scalar_one()
