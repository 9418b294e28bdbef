"""Who is in an administrator's reach, and how far that reach goes."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from accunode_auth.administration import repository
from accunode_common.auth.roles import Role, outranks
from accunode_common.auth.subject import Subject
from accunode_common.db.locks import lock_members
from accunode_common.errors import ForbiddenError, NotFoundError
from accunode_common.models.identity import Membership, User
from accunode_identity.memberships import given
from accunode_identity.people import looks_after


@dataclass(frozen=True, slots=True)
class PersonInReach:
    """Somebody in the caller's reach, with the memberships that are."""

    user: User
    memberships: Sequence[Membership]

    @property
    def joined(self) -> Sequence[Membership]:
        """The memberships that somebody gave, without the one that every account has."""
        return given(self.memberships)


async def find(session: AsyncSession, user_id: UUID) -> PersonInReach:
    """Somebody in the caller's reach.

    Raises:
        NotFoundError: Nobody in reach has that id.
    """
    user = await repository.find(session, user_id)
    held = (await repository.memberships(session, [user_id]))[user_id]
    if user is None or not held:
        raise NotFoundError("There is no such person.")
    return PersonInReach(user, held)


async def subordinate(session: AsyncSession, subject: Subject, user_id: UUID) -> PersonInReach:
    """Somebody whose memberships the caller may manage: in reach, not above the caller, and not the caller.

    Nobody else changes who is in the tenants concerned until the transaction ends.

    Raises:
        NotFoundError: Nobody in reach has that id.
        ForbiddenError: The person is the caller, or has a higher role.
    """
    found = await find(session, user_id)
    for tenant_id in sorted({membership.tenant_id for membership in found.memberships}):
        await lock_members(session, tenant_id)
    found = await find(session, user_id)
    if user_id == subject.user_id:
        raise ForbiddenError("Ask another administrator to do this with your own account.")
    if any(outranks(Role(held.role), subject.role) for held in found.memberships):
        raise ForbiddenError("The person has a role above yours.")
    return found


async def managed(session: AsyncSession, subject: Subject, user_id: UUID) -> PersonInReach:
    """Somebody whose account is the caller's to look after, locked until the transaction ends.

    Raises:
        NotFoundError: Nobody in reach has that id.
        ForbiddenError: The account is its owner's, or see `subordinate`.
    """
    found = await subordinate(session, subject, user_id)
    if not await manages(session, subject, found.user):
        raise ForbiddenError("The account is its owner's; you manage its memberships in your own places.")
    return found


async def manages(session: AsyncSession, subject: Subject, user: User) -> bool:
    """Whether the account is the caller's to look after, and stays it until the transaction ends.

    Its owner may join another tenant at the same moment, and so belong to themselves again.
    """
    if not looks_after(subject, user.managed_by_tenant_id):
        return False
    held = await repository.find(session, user.id, lock=True)
    return held is not None and looks_after(subject, held.managed_by_tenant_id)
