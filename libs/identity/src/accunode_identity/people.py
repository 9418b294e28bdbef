"""People in the transaction's sight, without their credentials."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, select
from sqlalchemy.ext.asyncio import AsyncSession

from accunode_common.auth.roles import Permission
from accunode_common.auth.subject import Subject
from accunode_common.db.session import Reach
from accunode_common.emails import email_key
from accunode_common.models.identity import Membership, User, UserStatus


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


def looks_after(subject: Subject, managed_by_tenant_id: UUID | None) -> bool:
    """Whether an account, and not only its memberships, is the caller's to administer.

    The platform looks after every account, and a tenant's administrators after those whose owner accepted that; each
    other account is its owner's alone.
    """
    if subject.write_reach is Reach.PLATFORM:
        return True
    return subject.may(Permission.TENANT_UPDATE) and managed_by_tenant_id == subject.tenant_id


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


@dataclass(frozen=True, slots=True)
class Member:
    """A membership and whose it is, as far as a caller is told.

    Attributes:
        managed: Whether the membership's tenant manages the account.
        last_sign_in_at: None for never, and for an account that is not the caller's to look after.
    """

    membership: Membership
    person: Person
    managed: bool
    last_sign_in_at: datetime | None


async def of_memberships(session: AsyncSession, subject: Subject, found: Collection[Membership]) -> list[Member]:
    """Whose the memberships are, in their order, as the caller is told."""
    known = await find_all(session, {membership.user_id for membership in found})
    members = []
    for membership in found:
        person = known[membership.user_id]
        told = looks_after(subject, person.managed_by_tenant_id)
        managed = person.managed_by_tenant_id == membership.tenant_id
        members.append(Member(membership, person, managed, person.last_sign_in_at if told else None))
    return members


async def find(session: AsyncSession, user_id: UUID) -> Person | None:
    """The person, if in sight."""
    return next(iter(await _find(session, User.id == user_id)), None)


async def hold(session: AsyncSession, user_id: UUID) -> bool:
    """Lock the memberships of the transaction's person against changes; gives False if the account is not active.

    The locks of tenants come first.
    """
    query = select(User.id).where(User.id == user_id, User.status == UserStatus.ACTIVE)
    return await session.scalar(query.with_for_update(key_share=True)) is not None


async def find_by_email(session: AsyncSession, email: str) -> Person | None:
    """The person of that address, if in sight."""
    return next(iter(await _find(session, User.email_key == email_key(email))), None)


async def _find(session: AsyncSession, which: ColumnElement[bool]) -> list[Person]:
    return [Person(*row) for row in (await session.execute(select(*_COLUMNS).where(which))).all()]
