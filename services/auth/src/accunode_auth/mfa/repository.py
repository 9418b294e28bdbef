"""Authenticators."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from accunode_common.models.identity import TotpCredential, User


async def find(session: AsyncSession, user_id: UUID) -> TotpCredential | None:
    """The person's authenticator, confirmed or not, locked."""
    query = select(TotpCredential).where(TotpCredential.user_id == user_id).with_for_update()
    return (await session.scalars(query.execution_options(populate_existing=True))).one_or_none()


async def remove(session: AsyncSession, user_id: UUID) -> None:
    """Forget the person's authenticator."""
    await session.execute(delete(TotpCredential).where(TotpCredential.user_id == user_id))


async def email(session: AsyncSession, user_id: UUID) -> str:
    """The person's address."""
    return (await session.execute(select(User.email).where(User.id == user_id))).scalar_one()


async def add(session: AsyncSession, user_id: UUID, secret_encrypted: bytes) -> None:
    """Add an authenticator, which is not confirmed."""
    session.add(TotpCredential(user_id=user_id, secret_encrypted=secret_encrypted))
    await session.flush()


async def confirm(session: AsyncSession, credential: TotpCredential, *, step: int, at: datetime) -> None:
    """Note that the person showed the code of a step, and so has the authenticator."""
    credential.confirmed_at = at
    await spend_step(session, credential, step)


async def spend_step(session: AsyncSession, credential: TotpCredential, step: int) -> None:
    """Note the step whose code was shown, so that neither it nor an earlier one counts again."""
    credential.last_step = step
    await session.flush()
