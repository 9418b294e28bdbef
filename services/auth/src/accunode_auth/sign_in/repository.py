"""What signing in reads and writes about a person."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import DateTime, Integer, Text, Uuid, column, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from accunode_common.models.identity import User, UserStatus


@dataclass(frozen=True, slots=True)
class Candidate:
    """A person somebody wants to sign in as.

    Attributes:
        verified: Whether they have shown that the address is theirs.
    """

    id: UUID
    password_hash: str | None
    status: str
    verified: bool


async def find(session: AsyncSession, email_key: str) -> Candidate | None:
    """The person of that address: the one look-up that needs no tenant and no user."""
    found = func.identity.find_sign_in(email_key).table_valued(
        column("id", Uuid),
        column("password_hash", Text),
        column("status", Text),
        column("failed_sign_ins", Integer),
        column("locked_until", DateTime(timezone=True)),
        column("email_verified_at", DateTime(timezone=True)),
    )
    row = (await session.execute(select(found))).one_or_none()
    if row is None:
        return None
    return Candidate(row.id, row.password_hash, row.status, row.email_verified_at is not None)


async def count_success(session: AsyncSession, user_id: UUID) -> bool:
    """Note the moment; gives False if the person may not sign in after all."""
    found = await session.scalar(
        update(User)
        .where(User.id == user_id, User.status == UserStatus.ACTIVE)
        .values(last_sign_in_at=func.now(), updated_at=User.updated_at)
        .returning(User.id)
    )
    return found is not None


async def hold_password(session: AsyncSession, user_id: UUID, password_hash: str | None) -> bool:
    """Let nobody replace the password until the transaction ends; gives False if somebody has."""
    query = select(User.id).where(User.id == user_id, User.password_hash.is_not_distinct_from(password_hash))
    return await session.scalar(query.with_for_update(key_share=True)) is not None


async def replace_hash(session: AsyncSession, user_id: UUID, password_hash: str) -> None:
    """Keep a hash made with today's costs."""
    await session.execute(update(User).where(User.id == user_id).values(password_hash=password_hash))
