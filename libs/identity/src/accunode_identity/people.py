"""People in the transaction's sight, without their credentials."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, select
from sqlalchemy.ext.asyncio import AsyncSession

from accunode_common.emails import email_key
from accunode_common.models.identity import User, UserStatus


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody's profile."""

    id: UUID
    email: str
    email_key: str
    email_verified_at: datetime | None
    full_name: str
    status: str
    last_sign_in_at: datetime | None
    managed_by_tenant_id: UUID | None


# Named one by one: not every service may read a person's whole row.
_COLUMNS = (
    User.id,
    User.email,
    User.email_key,
    User.email_verified_at,
    User.full_name,
    User.status,
    User.last_sign_in_at,
    User.managed_by_tenant_id,
)


async def find_all(session: AsyncSession, ids: Collection[UUID]) -> dict[UUID, Person]:
    """Those of the people who are in sight, by id."""
    return {person.id: person for person in await _find(session, User.id.in_(ids))} if ids else {}


async def find(session: AsyncSession, user_id: UUID) -> Person | None:
    """The person, if in sight."""
    return next(iter(await _find(session, User.id == user_id)), None)


async def hold(session: AsyncSession, user_id: UUID) -> bool:
    """Let nobody else change whom the transaction's person belongs to; gives False if the account is not active.

    The locks of tenants come first.
    """
    query = select(User.id).where(User.id == user_id, User.status == UserStatus.ACTIVE)
    return await session.scalar(query.with_for_update(key_share=True)) is not None


async def find_by_email(session: AsyncSession, email: str) -> Person | None:
    """The person of that address, if in sight."""
    return next(iter(await _find(session, User.email_key == email_key(email))), None)


async def _find(session: AsyncSession, which: ColumnElement[bool]) -> list[Person]:
    return [Person(*row) for row in (await session.execute(select(*_COLUMNS).where(which))).all()]
