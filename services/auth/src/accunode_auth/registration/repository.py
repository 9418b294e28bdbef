"""New people and their one-time tokens."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from accunode_common.ids import PLATFORM_TENANT_ID
from accunode_common.models.identity import Membership, OneTimeToken, RoleName, User


async def add_user(
    session: AsyncSession, *, user_id: UUID, email: str, email_key: str, full_name: str, password_hash: str | None
) -> bool:
    """Add a person; gives False, and adds nothing, if the address is taken."""
    added = await session.scalar(
        insert(User)
        .values(
            id=user_id,
            email=email,
            email_key=email_key,
            full_name=full_name,
            password_hash=password_hash,
            password_changed_at=func.now() if password_hash is not None else None,
        )
        .on_conflict_do_nothing(index_elements=[User.email_key])
        .returning(User.id)
    )
    return added is not None


async def add_membership(session: AsyncSession, user_id: UUID) -> None:
    """Give a new person the membership of those who have joined nobody; it stays when they join somebody."""
    session.add(Membership(tenant_id=PLATFORM_TENANT_ID, user_id=user_id, role=RoleName.USER))
    await session.flush()


async def spend_token(session: AsyncSession, token_id: UUID, *, purpose: str, now: datetime) -> OneTimeToken | None:
    """Mark a one-time token as used; None if it is unknown, used or expired."""
    return await session.scalar(
        update(OneTimeToken)
        .where(
            OneTimeToken.id == token_id,
            OneTimeToken.purpose == purpose,
            OneTimeToken.used_at.is_(None),
            OneTimeToken.expires_at > now,
        )
        .values(used_at=now)
        .returning(OneTimeToken)
    )


async def find_token(session: AsyncSession, token_id: UUID, *, purpose: str, now: datetime) -> OneTimeToken | None:
    """A one-time token that is good; None if it is unknown, used or expired."""
    query = select(OneTimeToken).where(
        OneTimeToken.id == token_id,
        OneTimeToken.purpose == purpose,
        OneTimeToken.used_at.is_(None),
        OneTimeToken.expires_at > now,
    )
    return (await session.scalars(query)).one_or_none()


async def withdraw_tokens(session: AsyncSession, user_id: UUID, *, purpose: str) -> None:
    """Make the person's earlier tokens of that purpose void."""
    await session.execute(
        update(OneTimeToken)
        .where(OneTimeToken.user_id == user_id, OneTimeToken.purpose == purpose, OneTimeToken.used_at.is_(None))
        .values(used_at=func.now())
    )


async def verify_email(session: AsyncSession, user_id: UUID) -> None:
    """Note that the person's address is theirs."""
    await session.execute(
        update(User)
        .where(User.id == user_id, User.email_verified_at.is_(None))
        .values(email_verified_at=func.now(), version=User.version + 1)
    )


async def password_hash(session: AsyncSession, user_id: UUID) -> str | None:
    """The hash of the person's password."""
    return await session.scalar(select(User.password_hash).where(User.id == user_id))


async def add_token(session: AsyncSession, token: OneTimeToken) -> None:
    """Add a one-time token."""
    session.add(token)
    await session.flush()
