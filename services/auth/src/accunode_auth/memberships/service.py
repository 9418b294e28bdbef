"""Which memberships count, and which one a person works in."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncSession

from accunode_auth.memberships import repository
from accunode_common import audit
from accunode_common.audit import AuditEntry
from accunode_common.auth.revocation_records import hold_power
from accunode_common.auth.roles import Role, highest
from accunode_common.db.session import AccessContext
from accunode_common.ids import PLATFORM_TENANT_ID
from accunode_common.models.revocations import RevocationKind
from accunode_identity.second_factor import due_at
from accunode_identity.tenant_settings import TenantSettings, settings_of


@dataclass(frozen=True, slots=True, kw_only=True)
class ActiveMembership:
    """A membership in a tenant that is in use."""

    membership_id: UUID
    tenant_id: UUID
    tenant_name: str
    organization_id: UUID | None
    organization_name: str | None
    role: Role
    rules: TenantSettings
    role_since: datetime
    second_factor_due_at: datetime | None

    def access(self, user_id: UUID) -> AccessContext:
        """The context in which its tenant and organization are in sight."""
        return AccessContext(tenant_id=self.tenant_id, user_id=user_id, organization_id=self.organization_id)

    @classmethod
    def of(cls, row: Row[Any]) -> "ActiveMembership":
        """The membership of a row of the repository."""
        role = Role(row.role)
        return cls(
            membership_id=row.membership_id,
            tenant_id=row.tenant_id,
            tenant_name=row.tenant_name,
            organization_id=row.organization_id,
            organization_name=row.organization_name,
            role=role,
            rules=settings_of(row.settings),
            role_since=row.role_since,
            second_factor_due_at=due_at(row.settings, role, row.role_since),
        )


async def active_memberships(session: AsyncSession, user_id: UUID) -> list[ActiveMembership]:
    """Where the transaction's person may work."""
    return [ActiveMembership.of(row) for row in await repository.active(session, user_id)]


async def person(session: AsyncSession, user_id: UUID) -> tuple[Row[Any], list[Row[Any]]] | None:
    """The transaction's person, and where they may work: what a profile shows of both."""
    rows = await repository.person(session, user_id)
    return (rows[0], [row for row in rows if row.membership_id is not None]) if rows else None


async def await_changes(session: AsyncSession, user_id: UUID) -> None:
    """Wait for a change of the person that is under way: the first lock of whoever will issue a token."""
    await repository.lock_person(session, user_id)


async def held_memberships(session: AsyncSession, user_id: UUID) -> list[ActiveMembership]:
    """Where the transaction's person may work, for a token: nobody takes it away until the transaction ends."""
    await hold_power(session, RevocationKind.USER, [user_id])
    await hold_power(session, RevocationKind.TENANT, await repository.tenant_ids(session, user_id))
    return await active_memberships(session, user_id)


def choose(held: Sequence[ActiveMembership], *, last_membership_id: UUID | None = None) -> ActiveMembership | None:
    """Where the person begins: where they last were, else where their role is highest."""
    for membership in held:
        if membership.membership_id == last_membership_id:
            return membership
    top = highest(membership.role for membership in held) if held else None
    return next((membership for membership in held if membership.role is top), None)


async def record_for_tenants(session: AsyncSession, person_id: UUID, entry: AuditEntry) -> None:
    """Add an event about a person, whose transaction this is, to its trail and those of all the person's tenants.

    A tenant among several learns what happened, and not from where.
    """
    await audit.record(session, entry)
    found = set(await repository.tenant_ids(session, person_id, active=True)) - {PLATFORM_TENANT_ID}
    told = replace(entry, actor_role=None, organization_id=None)
    if entry.resource_type != "user":
        about = {entry.resource_type: str(entry.resource_id)}
        told = replace(told, resource_type="user", resource_id=person_id, details=about)
    if len(found) > 1:
        told = replace(told, request_id=None, ip_address=None)
    for tenant_id in sorted(found - {entry.tenant_id}):
        await audit.record(session, replace(told, tenant_id=tenant_id))
