"""Memberships that follow what a tenant's identity provider says, of people whose accounts the tenant manages."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from accunode_common.auth.roles import Role
from accunode_common.models.identity import Membership, MembershipStatus
from accunode_identity import administrators, memberships, role_scopes
from accunode_identity.administrators import LastAdministratorError
from accunode_identity.memberships import NoSeatsError
from accunode_identity.people import Person
from accunode_identity.role_scopes import RoleScope

Wanted = Mapping[UUID | None, Role]
"""Roles by organization; None for the tenant itself."""


@dataclass(slots=True)
class Changes:
    """Memberships that were begun, changed and ended; each names the organization, or the tenant, and the role.

    Attributes:
        given: Memberships that began.
        changed: Memberships that have another role now.
        ended: Memberships that ended.
        kept: Memberships that stay although they are not wanted: the tenant's last administrator.
        passed_over: Places that are wanted and not in use, or full.
    """

    given: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    ended: list[str] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)
    passed_over: list[str] = field(default_factory=list)

    @property
    def took_power(self) -> bool:
        """Whether tokens may say more than the person may do now."""
        return bool(self.changed or self.ended)

    def told(self) -> dict[str, object]:
        """The details for the audit trail."""
        parts = {"given": self.given, "changed": self.changed, "ended": self.ended}
        parts |= {"kept_last_administrator": self.kept, "passed_over": self.passed_over}
        return {name: entries for name, entries in parts.items() if entries}


async def joined(session: AsyncSession, user_id: UUID, tenant_id: UUID) -> dict[UUID | None, Membership]:
    """What somebody gave the person in the tenant, by organization; suspended ones too."""
    return {
        membership.organization_id: membership
        for membership in memberships.given(await memberships.of_person(session, user_id))
        if membership.tenant_id == tenant_id
    }


async def follow(session: AsyncSession, person: Person, tenant_id: UUID, wanted: Wanted) -> Changes:
    """Give the transaction's person the memberships of a tenant that are wanted, and no others.

    A suspended membership stays as it is, and as long as there is one, none is given: else a change at the provider
    would undo it. The tenant's members must be locked, and the context must see and change them. Tokens are the
    caller's to end.
    """
    changes = Changes()
    held = await joined(session, person.id, tenant_id)
    for membership in held.values():
        if membership.status == MembershipStatus.ACTIVE:
            await _adjust(session, person, membership, wanted.get(membership.organization_id), changes)
    if all(membership.status == MembershipStatus.ACTIVE for membership in held.values()):
        for organization_id in wanted.keys() - held.keys():
            await _give(session, person, RoleScope(tenant_id, organization_id), wanted[organization_id], changes)
    return changes


async def _adjust(
    session: AsyncSession, person: Person, membership: Membership, role: Role | None, changes: Changes
) -> None:
    if membership.role == role:
        return
    before = _told(membership.organization_id, membership.role)
    try:
        await administrators.keep_one(session, [membership])
    except LastAdministratorError:
        changes.kept.append(before)
        return
    if role is None:
        await memberships.end(session, [membership], email_key=person.email_key)
        changes.ended.append(before)
        return
    membership.role = role
    membership.version += 1
    await session.flush()
    changes.changed.append(_told(membership.organization_id, role))


async def _give(session: AsyncSession, person: Person, scope: RoleScope, role: Role, changes: Changes) -> None:
    told = _told(scope.organization_id, role)
    held = await role_scopes.hold(session, scope)
    if held is None:
        changes.passed_over.append(told)
        return
    try:
        await memberships.begin(session, person.id, held, role, managed=True)
    except NoSeatsError:
        changes.passed_over.append(told)
    else:
        changes.given.append(told)


def _told(organization_id: UUID | None, role: str) -> str:
    return f"{role} of {organization_id or 'the tenant'}"
