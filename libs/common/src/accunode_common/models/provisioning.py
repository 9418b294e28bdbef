"""Provisioning (SCIM): what a tenant's directory shows who it is by, and what it says of the tenant's people."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, ForeignKeyConstraint, Index, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import Text

from accunode_common.db.access import DatabaseRole, access, read_write
from accunode_common.db.base import Base, TenantOwned, Timestamped
from accunode_common.models.federation import READS_TENANT, WRITES_TENANT
from accunode_common.models.identity import ALL


class ScimToken(TenantOwned, Timestamped, Base):
    """A bearer token of a tenant's directory; only its hash is kept. New people come into its organization."""

    __tablename__ = "scim_tokens"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id"], ["tenancy.tenants.id"]),
        ForeignKeyConstraint(
            ["tenant_id", "organization_id"],
            ["tenancy.organizations.tenant_id", "tenancy.organizations.id"],
            ondelete="CASCADE",
        ),
        {
            "schema": "identity",
            "info": access(
                read_write(read=READS_TENANT, write=WRITES_TENANT),
                {DatabaseRole.AUTH: ("SELECT", "INSERT", "UPDATE (last_used_at, revoked_at, updated_at)")},
            ),
        },
    )

    organization_id: Mapped[UUID]
    name: Mapped[str] = mapped_column(Text)
    token_hash: Mapped[bytes]
    created_by: Mapped[UUID] = mapped_column(ForeignKey("identity.users.id"))
    expires_at: Mapped[datetime]
    last_used_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]


class ScimUser(TenantOwned, Timestamped, Base):
    """What a tenant's directory says of somebody: a person, or an address that was invited and is nobody's yet.

    Whose it is follows from `user_id`, or else from who accepted the invitation.
    """

    __tablename__ = "scim_users"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id"], ["tenancy.tenants.id"]),
        ForeignKeyConstraint(
            ["tenant_id", "invitation_id"],
            ["identity.invitations.tenant_id", "identity.invitations.id"],
            ondelete="CASCADE",
        ),
        Index(None, "tenant_id", "email_key"),
        {
            "schema": "identity",
            "info": access(read_write(read=READS_TENANT, write=WRITES_TENANT), {DatabaseRole.AUTH: ALL}),
        },
    )

    user_id: Mapped[UUID | None] = mapped_column(ForeignKey("identity.users.id"))
    invitation_id: Mapped[UUID | None]
    email: Mapped[str] = mapped_column(Text)
    email_key: Mapped[str] = mapped_column(Text)
    external_id: Mapped[str | None] = mapped_column(Text)
    display_name: Mapped[str | None] = mapped_column(Text)
    name: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'"))
