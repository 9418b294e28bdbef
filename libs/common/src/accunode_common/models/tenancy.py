"""Tenants, their organizations, and who may join them."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import Text

from accunode_common.db.access import (
    IN_TENANT,
    ORGANIZATION,
    READ_REACH,
    READS_PLATFORM,
    TENANT,
    USER,
    WRITE_REACH,
    WRITES_PLATFORM,
    Command,
    DatabaseRole,
    Policy,
    access,
    read_write,
)
from accunode_common.db.base import Base, Identified, TenantOwned, Timestamped, Versioned
from accunode_common.models.columns import one_of


def _shows_members(row: str, joined: str) -> Policy:
    """Lets the auth service show people what they are active members of, wherever they work now."""
    own = f"select {joined} from identity.memberships m where m.user_id = {USER} and m.status = 'active'"
    return Policy("shows_members", Command.SELECT, using=f"{row} in ({own})", roles=(DatabaseRole.AUTH,))


class TenantStatus(StrEnum):
    """Whether a tenant is in use; a deleted one can come back until `purge_after`."""

    ACTIVE = "active"
    SUSPENDED = "suspended"
    DELETED = "deleted"


class Tenant(Identified, Versioned, Base):
    """A financial institution."""

    __tablename__ = "tenants"
    __table_args__ = (
        one_of("status", TenantStatus),
        Index("uq_tenants_name_key", "name_key", unique=True, postgresql_where=text("deleted_at is null")),
        {
            "schema": "tenancy",
            "info": access(
                (
                    Policy("reads", Command.SELECT, using=f"id = {TENANT} or {READS_PLATFORM}"),
                    _shows_members("id", "m.tenant_id"),
                    Policy("inserts", Command.INSERT, check=WRITES_PLATFORM),
                    Policy(
                        "updates",
                        Command.UPDATE,
                        using=f"{WRITES_PLATFORM} or (id = {TENANT} and {WRITE_REACH} = 'tenant'"
                        " and status = 'active' and deleted_at is null and purge_after is null)",
                    ),
                ),
                {
                    DatabaseRole.AUTH: ("SELECT",),
                    DatabaseRole.TENANTS: ("SELECT", "INSERT", "UPDATE EXCEPT (id, created_at)"),
                    DatabaseRole.PREDICTIONS: ("SELECT (id, status, master_scale)",),
                    DatabaseRole.BULK: ("SELECT (id, status)",),
                    DatabaseRole.WORKER: ("SELECT (id, status, master_scale)",),
                },
            ),
        },
    )

    name: Mapped[str] = mapped_column(Text)
    name_key: Mapped[str | None] = mapped_column(Text)
    slug: Mapped[str] = mapped_column(Text, unique=True)
    status: Mapped[str] = mapped_column(Text, server_default=TenantStatus.ACTIVE)
    settings: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default="{}")
    master_scale: Mapped[list[dict[str, Any]] | None] = mapped_column(JSONB)
    deleted_at: Mapped[datetime | None]
    purge_after: Mapped[datetime | None]


class Organization(TenantOwned, Versioned, Base):
    """A part of a tenant whose members share records; a deleted one keeps them for the tenant's admins."""

    __tablename__ = "organizations"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id"], ["tenancy.tenants.id"]),
        Index(
            "uq_organizations_tenant_id_name_key",
            "tenant_id",
            "name_key",
            unique=True,
            postgresql_where=text("deleted_at is null"),
        ),
        CheckConstraint("max_users > 0", name="max_users"),
        {
            "schema": "tenancy",
            "info": access(
                (
                    Policy(
                        "reads",
                        Command.SELECT,
                        using=f"{READS_PLATFORM} or ({IN_TENANT} and (id = {ORGANIZATION} or {READ_REACH} = 'tenant'))",
                    ),
                    _shows_members("(tenant_id, id)", "m.tenant_id, m.organization_id"),
                    Policy(
                        "inserts",
                        Command.INSERT,
                        check=f"{WRITES_PLATFORM} or ({IN_TENANT} and {WRITE_REACH} = 'tenant')",
                    ),
                    Policy(
                        "updates",
                        Command.UPDATE,
                        using=f"{WRITES_PLATFORM} or ({IN_TENANT} and ({WRITE_REACH} = 'tenant'"
                        f" or ({WRITE_REACH} = 'organization' and id = {ORGANIZATION})))",
                    ),
                ),
                {
                    DatabaseRole.AUTH: ("SELECT",),
                    DatabaseRole.TENANTS: ("SELECT", "INSERT", "UPDATE EXCEPT (tenant_id, id, created_at)"),
                    DatabaseRole.PREDICTIONS: ("SELECT (tenant_id, id, global_data_access)",),
                    DatabaseRole.BULK: ("SELECT (tenant_id, id, global_data_access)",),
                    DatabaseRole.WORKER: ("SELECT (tenant_id, id, global_data_access)",),
                },
            ),
        },
    )

    name: Mapped[str] = mapped_column(Text)
    name_key: Mapped[str] = mapped_column(Text)
    max_users: Mapped[int] = mapped_column(server_default="50")
    global_data_access: Mapped[bool] = mapped_column(server_default="false")
    join_token_hash: Mapped[bytes | None]
    join_token_created_at: Mapped[datetime | None]
    deleted_at: Mapped[datetime | None]


_organization_rows = (
    f"{READS_PLATFORM} or ({IN_TENANT} and (organization_id = {ORGANIZATION} or {READ_REACH} = 'tenant'))"
)
_organization_writes = (
    f"{WRITES_PLATFORM} or ({IN_TENANT} and ({WRITE_REACH} = 'tenant'"
    f" or ({WRITE_REACH} = 'organization' and organization_id = {ORGANIZATION})))"
)


class WhitelistEntry(Timestamped, Base):
    """An e-mail address that may join an organization with its token."""

    __tablename__ = "whitelist_entries"
    __table_args__ = (
        ForeignKeyConstraint(
            ["tenant_id", "organization_id"],
            ["tenancy.organizations.tenant_id", "tenancy.organizations.id"],
            ondelete="CASCADE",
        ),
        {
            "schema": "tenancy",
            "info": access(
                read_write(read=_organization_rows, write=_organization_writes),
                {
                    DatabaseRole.TENANTS: ("SELECT", "INSERT", "UPDATE", "DELETE"),
                    DatabaseRole.AUTH: ("SELECT", "DELETE"),
                },
            ),
        },
    )

    tenant_id: Mapped[UUID] = mapped_column(primary_key=True)
    organization_id: Mapped[UUID] = mapped_column(primary_key=True)
    email_key: Mapped[str] = mapped_column(Text, primary_key=True)
    added_by: Mapped[UUID]
