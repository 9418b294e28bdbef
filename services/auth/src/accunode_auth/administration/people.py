"""Who is in an administrator's reach, and how far that reach goes."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from accunode_auth.administration import repository
from accunode_common.auth.roles import GRANTS, Role
from accunode_common.auth.subject import Subject
from accunode_common.db.locks import lock_members
from accunode_common.errors import ForbiddenError, NotFoundError
from accunode_common.models.identity import Membership, User
from accunode_identity.people import looks_after


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody in the caller's reach, with the memberships that are."""

    user: User
    memberships: Sequence[Membership]

    @property
    def joined(self) -> Sequence[Membership]:
        """The memberships that somebody gave, without the one that every account has."""
        return [membership for membership in self.memberships if GRANTS[Role(membership.role)].rank > 0]


async def find(db: AsyncSession, user_id: UUID) -> Person:
    """Somebody in the caller's reach.

    Raises:
        NotFoundError: Nobody in reach has that id.
    """
    user = await repository.find(db, user_id)
    held = (await repository.memberships(db, [user_id]))[user_id]
    if user is None or not held:
        raise NotFoundError("There is no such person.")
    return Person(user, held)


async def subordinate(db: AsyncSession, subject: Subject, user_id: UUID) -> Person:
    """Somebody whose memberships the caller may manage: in reach, not above the caller, and not the caller.

    Nobody else changes who is in the tenants concerned until the transaction ends.

    Raises:
        NotFoundError: Nobody in reach has that id.
        ForbiddenError: The person is the caller, or has a higher role.
    """
    found = await find(db, user_id)
    for tenant_id in sorted({membership.tenant_id for membership in found.memberships}):
        await lock_members(db, tenant_id)
    found = await find(db, user_id)
    if user_id == subject.user_id:
        raise ForbiddenError("Ask another administrator to do this with your own account.")
    if any(GRANTS[Role(held.role)].rank > GRANTS[subject.role].rank for held in found.memberships):
        raise ForbiddenError("The person has a role above yours.")
    return found


async def ward(db: AsyncSession, subject: Subject, user_id: UUID) -> Person:
    """Somebody whose account is the caller's to look after, locked until the transaction ends.

    Raises:
        NotFoundError: Nobody in reach has that id.
        ForbiddenError: The account is its owner's, or see `subordinate`.
    """
    found = await subordinate(db, subject, user_id)
    if not await keeps(db, subject, found.user):
        raise ForbiddenError("The account is its owner's; you manage its memberships in your own places.")
    return found


async def keeps(db: AsyncSession, subject: Subject, user: User) -> bool:
    """Whether the account is the caller's to look after, and stays it until the transaction ends.

    Its owner may join another tenant at the same moment, and so belong to themselves again.
    """
    if not looks_after(subject, user.managed_by_tenant_id):
        return False
    held = await repository.find(db, user.id, lock=True)
    return held is not None and looks_after(subject, held.managed_by_tenant_id)
