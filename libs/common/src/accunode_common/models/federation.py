"""Single sign-on: whom a tenant lets vouch for its people, and whom they vouched for."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, Index, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import Text

from accunode_common.db.access import (
    IN_TENANT,
    PLATFORM_TENANT,
    READ_REACH,
    READS_PLATFORM,
    WRITE_REACH,
    WRITES_PLATFORM,
    Command,
    DatabaseRole,
    Policy,
    access,
    read_write,
)
from accunode_common.db.base import Base, TenantOwned, Timestamped, Versioned
from accunode_common.models.columns import one_of
from accunode_common.models.identity import ALL, OWN_ROWS, RoleName

READS_TENANT = f"{IN_TENANT} and {READ_REACH} = 'tenant'"
WRITES_TENANT = f"{IN_TENANT} and {WRITE_REACH} = 'tenant' and tenant_id <> {PLATFORM_TENANT}"


class SsoConnection(Versioned, Base):
    """A tenant's OpenID provider, and what its claims are worth; the client's secret is encrypted."""

    __tablename__ = "sso_connections"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id"], ["tenancy.tenants.id"]),
        ForeignKeyConstraint(
            ["tenant_id", "default_organization_id"],
            ["tenancy.organizations.tenant_id", "tenancy.organizations.id"],
        ),
        one_of("default_role", RoleName),
        CheckConstraint("default_role not in ('super_admin', 'user')", name="default_role_in_tenant"),
        {
            "schema": "identity",
            "info": access(
                read_write(read=READS_TENANT, write=WRITES_TENANT),
                {DatabaseRole.AUTH: ALL},
            ),
        },
    )

    tenant_id: Mapped[UUID] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(Text)
    issuer: Mapped[str] = mapped_column(Text)
    client_id: Mapped[str] = mapped_column(Text)
    client_secret_encrypted: Mapped[bytes]
    scopes: Mapped[list[str]] = mapped_column(ARRAY(Text))
    provider: Mapped[dict[str, Any]] = mapped_column(JSONB)
    discovered_at: Mapped[datetime]
    verified_claim: Mapped[str] = mapped_column(Text)
    role_claim: Mapped[str | None] = mapped_column(Text)
    role_values: Mapped[list[dict[str, str]]] = mapped_column(JSONB)
    organization_claim: Mapped[str | None] = mapped_column(Text)
    organization_values: Mapped[list[dict[str, str]]] = mapped_column(JSONB)
    default_role: Mapped[str | None] = mapped_column(Text)
    default_organization_id: Mapped[UUID | None]
    just_in_time: Mapped[bool]
    enforced: Mapped[bool]
    enabled: Mapped[bool]


class SsoDomain(Timestamped, Base):
    """A mail domain that a tenant says is its own; it counts once the platform confirmed it, for one tenant only."""

    __tablename__ = "sso_domains"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id"], ["tenancy.tenants.id"]),
        Index(
            "uq_sso_domains_domain_confirmed",
            "domain",
            unique=True,
            postgresql_where=text("confirmed_at is not null"),
        ),
        {
            "schema": "identity",
            "info": access(
                (
                    Policy("reads", Command.SELECT, using=f"{READS_PLATFORM} or ({READS_TENANT})"),
                    Policy("inserts", Command.INSERT, check=f"{WRITES_TENANT} and confirmed_at is null"),
                    Policy("updates", Command.UPDATE, using=WRITES_PLATFORM),
                    Policy("deletes", Command.DELETE, using=f"{WRITES_PLATFORM} or ({WRITES_TENANT})"),
                ),
                {DatabaseRole.AUTH: ("SELECT", "INSERT", "UPDATE (confirmed_at, confirmed_by, updated_at)", "DELETE")},
            ),
        },
    )

    tenant_id: Mapped[UUID] = mapped_column(primary_key=True)
    domain: Mapped[str] = mapped_column(Text, primary_key=True)
    proof: Mapped[str] = mapped_column(Text)
    confirmed_at: Mapped[datetime | None]
    confirmed_by: Mapped[UUID | None]


class FederatedIdentity(TenantOwned, Base):
    """A person as a tenant's provider knows them: by issuer and subject, which never change hands."""

    __tablename__ = "federated_identities"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id"], ["tenancy.tenants.id"]),
        UniqueConstraint("tenant_id", "issuer", "subject"),
        Index(None, "user_id"),
        {
            "schema": "identity",
            "info": access(
                (
                    Policy("reads", Command.SELECT, using=f"{OWN_ROWS} or ({READS_TENANT})"),
                    Policy("inserts", Command.INSERT, check=WRITES_TENANT),
                    Policy("updates", Command.UPDATE, using=WRITES_TENANT),
                    Policy("deletes", Command.DELETE, using=f"{OWN_ROWS} or ({WRITES_TENANT})"),
                ),
                {DatabaseRole.AUTH: ("SELECT", "INSERT", "UPDATE (last_used_at, withdrawn_at)", "DELETE")},
            ),
        },
    )

    issuer: Mapped[str] = mapped_column(Text)
    subject: Mapped[str] = mapped_column(Text)
    user_id: Mapped[UUID] = mapped_column(ForeignKey("identity.users.id"))
    created_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    last_used_at: Mapped[datetime | None]
    withdrawn_at: Mapped[datetime | None]


class SsoSession(Base):
    """A session that a tenant's provider vouched for: it works in that tenant only, and ends when the provider says so.

    The ID token is kept, encrypted, because signing out at the provider asks for it.
    """

    __tablename__ = "sso_sessions"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id"], ["tenancy.tenants.id"]),
        Index(None, "tenant_id", "issuer", "subject"),
        Index(None, "tenant_id", "provider_session_id"),
        Index(None, "session_id"),
        {
            "schema": "identity",
            "info": access(
                (
                    Policy("reads", Command.SELECT, using=f"{OWN_ROWS} or ({READS_TENANT})"),
                    Policy("inserts", Command.INSERT, check=f"{IN_TENANT} and {OWN_ROWS}"),
                    Policy("deletes", Command.DELETE, using=OWN_ROWS),
                ),
                {DatabaseRole.AUTH: ("SELECT", "INSERT", "DELETE")},
            ),
        },
    )

    tenant_id: Mapped[UUID] = mapped_column(primary_key=True)
    session_id: Mapped[UUID] = mapped_column(ForeignKey("identity.sessions.id", ondelete="CASCADE"), primary_key=True)
    user_id: Mapped[UUID] = mapped_column(ForeignKey("identity.users.id"))
    issuer: Mapped[str] = mapped_column(Text)
    subject: Mapped[str] = mapped_column(Text)
    provider_session_id: Mapped[str | None] = mapped_column(Text)
    id_token_encrypted: Mapped[bytes]
    created_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
