"""Two tenants with an organization each, and a caller of every role in both."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

import psycopg

from accunode_common.auth.roles import Role
from accunode_common.auth.subject import Subject
from accunode_common.ids import PLATFORM_TENANT_ID, new_id
from accunode_common.testing.keys import TestIssuer


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """A person with one membership, signed in.

    Attributes:
        name: For test ids: `role@tenant`.
        subject: What their access token says.
        email: Their address.
        membership_id: The membership that the token is for.
        token: A valid access token.
    """

    name: str
    subject: Subject
    email: str
    membership_id: UUID
    token: str

    @property
    def headers(self) -> dict[str, str]:
        """What signs a request as theirs."""
        return {"Authorization": f"Bearer {self.token}"}

    @property
    def user_id(self) -> UUID:
        """The person."""
        return self.subject.user_id

    @property
    def tenant_id(self) -> UUID:
        """The tenant of the membership."""
        return self.subject.tenant_id


@dataclass(frozen=True, slots=True, kw_only=True)
class TenantWorld:
    """One tenant and its callers."""

    id: UUID
    organization_id: UUID
    tenant_admin: Caller
    org_admin: Caller
    org_member: Caller
    other_member: Caller
    """Another member of the same organization."""
    outsider: Caller
    """A member of another organization of the same tenant."""


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """Everyone that a test needs. Nothing here is shared with another test but the platform tenant."""

    one: TenantWorld
    two: TenantWorld
    super_admin: Caller
    user: Caller
    """Somebody who has joined nobody yet."""
    other_user: Caller

    def callers(self) -> Iterator[Caller]:
        """One caller of each role, and the second tenant's."""
        yield self.super_admin
        for tenant in (self.one, self.two):
            yield tenant.tenant_admin
            yield tenant.org_admin
            yield tenant.org_member
        yield self.user

    def by_role(self, role: Role) -> Caller:
        """The caller of that role in tenant one, or on the platform."""
        return {
            Role.SUPER_ADMIN: self.super_admin,
            Role.TENANT_ADMIN: self.one.tenant_admin,
            Role.ORG_ADMIN: self.one.org_admin,
            Role.ORG_MEMBER: self.one.org_member,
            Role.USER: self.user,
        }[role]


class WorldMaker:
    """Makes tenants and people directly in the database, as its superuser.

    Args:
        connection: A superuser's connection in autocommit mode.
        issuer: Signs the callers' tokens.
        password_hash: Of everybody's password, unless `caller` is given another.
    """

    def __init__(self, connection: psycopg.Connection, issuer: TestIssuer, *, password_hash: str | None = None) -> None:
        self._connection = connection
        self._issuer = issuer
        self._password_hash = password_hash

    def world(self) -> World:
        """Two fresh tenants, and two people of the platform tenant, in one round trip."""
        with self._connection.pipeline():
            return World(
                one=self.tenant("one"),
                two=self.tenant("two"),
                super_admin=self.caller(Role.SUPER_ADMIN, PLATFORM_TENANT_ID),
                user=self.caller(Role.USER, PLATFORM_TENANT_ID),
                other_user=self.caller(Role.USER, PLATFORM_TENANT_ID),
            )

    def tenant(self, label: str) -> TenantWorld:
        """A fresh tenant with two organizations and their people."""
        tenant_id = new_id()
        self._connection.execute(
            "INSERT INTO tenancy.tenants (id, name, slug) VALUES (%s, %s, %s)",
            [tenant_id, f"Bank {label} {tenant_id}", f"bank-{label}-{tenant_id}"],
        )
        organization_id = self.organization(tenant_id, "Credit")
        elsewhere = self.organization(tenant_id, "Treasury")
        return TenantWorld(
            id=tenant_id,
            organization_id=organization_id,
            tenant_admin=self.caller(Role.TENANT_ADMIN, tenant_id, label=label),
            org_admin=self.caller(Role.ORG_ADMIN, tenant_id, organization_id, label=label),
            org_member=self.caller(Role.ORG_MEMBER, tenant_id, organization_id, label=label),
            other_member=self.caller(Role.ORG_MEMBER, tenant_id, organization_id, label=label),
            outsider=self.caller(Role.ORG_MEMBER, tenant_id, elsewhere, label=label),
        )

    def organization(self, tenant_id: UUID, name: str) -> UUID:
        """A fresh organization of a tenant."""
        organization_id = new_id()
        self._connection.execute(
            "INSERT INTO tenancy.organizations (tenant_id, id, name, name_key) VALUES (%s, %s, %s, %s)",
            [tenant_id, organization_id, name, name.lower()],
        )
        return organization_id

    def caller(
        self,
        role: Role,
        tenant_id: UUID,
        organization_id: UUID | None = None,
        *,
        label: str = "platform",
        password_hash: str | None = None,
    ) -> Caller:
        """A fresh person with that membership, signed in."""
        user_id, membership_id = new_id(), new_id()
        email = f"{role.value}-{user_id}@{label}.example"
        self._connection.execute(
            "INSERT INTO identity.users (id, email, email_key, full_name, password_hash, email_verified_at)"
            " VALUES (%s, %s, %s, %s, %s, now())",
            [
                user_id,
                email,
                email,
                f"{role.value.replace('_', ' ').title()} of {label}",
                password_hash or self._password_hash,
            ],
        )
        self._connection.execute(
            "INSERT INTO identity.memberships (tenant_id, id, user_id, organization_id, role)"
            " VALUES (%s, %s, %s, %s, %s)",
            [tenant_id, membership_id, user_id, organization_id, role.value],
        )
        subject = Subject(
            user_id=user_id,
            tenant_id=tenant_id,
            organization_id=organization_id,
            role=role,
            session_id=new_id(),
        )
        return Caller(
            name=f"{role.value}@{label}",
            subject=subject,
            email=email,
            membership_id=membership_id,
            token=self._issuer.token(subject, issued_at=datetime.now(UTC)),
        )
