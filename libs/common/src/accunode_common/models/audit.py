"""The audit trail: rows are added and never changed."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKeyConstraint, Index, text
from sqlalchemy.dialects.postgresql import INET, JSONB
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import Text

from accunode_common.db.access import (
    IN_TENANT,
    READ_REACH,
    READS_PLATFORM,
    SERVICE_ROLES,
    USER,
    WRITES_PLATFORM,
    Command,
    DatabaseRole,
    Policy,
    access,
)
from accunode_common.db.base import Base, TenantOwned

_ABOUT_THE_CALLER = (
    f"resource_type = 'user' and resource_id = {USER}::text and (actor_id is null or actor_id = {USER})"
    f" and exists (select 1 from identity.memberships m where m.user_id = {USER} and m.tenant_id = events.tenant_id)"
)
"""What happens to a person's credentials is told to every tenant that the person belongs to."""

_TRAIL_READ = f"{READS_PLATFORM} or ({IN_TENANT} and {READ_REACH} = 'tenant')"


class AuditEvent(TenantOwned, Base):
    """Who did what to which resource, and when."""

    __tablename__ = "events"
    __table_args__ = (
        Index(None, "tenant_id", "action", "id"),
        Index(None, "tenant_id", "actor_id", "id"),
        Index(None, "tenant_id", "resource_type", "resource_id", "id"),
        Index(None, "id"),
        {
            "schema": "audit",
            "info": access(
                (
                    Policy("reads", Command.SELECT, using=_TRAIL_READ),
                    Policy(
                        "inserts",
                        Command.INSERT,
                        check=f"({IN_TENANT} or {WRITES_PLATFORM}) and (actor_id is null or actor_id = {USER})",
                    ),
                    Policy("tells_tenants", Command.INSERT, check=_ABOUT_THE_CALLER, roles=(DatabaseRole.AUTH,)),
                    Policy("seals", Command.SELECT, using="true", roles=(DatabaseRole.RELAY,)),
                ),
                {
                    **dict.fromkeys((*SERVICE_ROLES, DatabaseRole.WORKER), ("INSERT",)),
                    DatabaseRole.TENANTS: ("SELECT", "INSERT"),
                    DatabaseRole.RELAY: ("SELECT",),
                },
            ),
        },
    )

    occurred_at: Mapped[datetime] = mapped_column(server_default=text("clock_timestamp()"))
    actor_id: Mapped[UUID | None]
    actor_role: Mapped[str | None] = mapped_column(Text)
    organization_id: Mapped[UUID | None]
    action: Mapped[str] = mapped_column(Text)
    resource_type: Mapped[str] = mapped_column(Text)
    resource_id: Mapped[str | None] = mapped_column(Text)
    request_id: Mapped[str | None] = mapped_column(Text)
    ip_address: Mapped[str | None] = mapped_column(INET)
    details: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default="{}")


class AuditSeal(Base):
    """A link of a tenant's hash chain: it covers one event and the link before."""

    __tablename__ = "seals"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "event_id"], ["audit.events.tenant_id", "audit.events.id"]),
        Index(None, "tenant_id", "event_id", unique=True),
        Index(None, "event_id"),
        {
            "schema": "audit",
            "info": access(
                (
                    Policy("reads", Command.SELECT, using=_TRAIL_READ),
                    Policy("seals", Command.SELECT, using="true", roles=(DatabaseRole.RELAY,)),
                    Policy("adds", Command.INSERT, check="true", roles=(DatabaseRole.RELAY,)),
                ),
                {DatabaseRole.TENANTS: ("SELECT",), DatabaseRole.RELAY: ("SELECT", "INSERT")},
            ),
        },
    )

    tenant_id: Mapped[UUID] = mapped_column(primary_key=True)
    sequence: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    event_id: Mapped[UUID]
    hash: Mapped[bytes]
    sealed_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
