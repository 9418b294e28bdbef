"""Invitations: how a person becomes a member."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, Index, text
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import Text

from accunode_common.db.access import USER, Command, DatabaseRole, Policy, access
from accunode_common.db.base import Base, TenantOwned, Versioned
from accunode_common.models.columns import one_of
from accunode_common.models.identity import ADMINISTERED, OWN_ADDRESS, ROLE_FITS_PLACE, RoleName


class InvitationState(StrEnum):
    """What became of an invitation."""

    PENDING = "pending"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"


class Invitation(TenantOwned, Versioned, Base):
    """A membership offered to whoever shows that the address is theirs.

    Of the token in the mail only a hash is kept. The owner of the address reads it, and decides while it is pending.
    """

    __tablename__ = "invitations"
    __table_args__ = (
        ForeignKeyConstraint(
            ["tenant_id", "organization_id"],
            ["tenancy.organizations.tenant_id", "tenancy.organizations.id"],
            ondelete="CASCADE",
        ),
        ForeignKeyConstraint(["tenant_id"], ["tenancy.tenants.id"]),
        Index(
            "uq_invitations_pending",
            "tenant_id",
            "organization_id",
            "email_key",
            unique=True,
            postgresql_nulls_not_distinct=True,
            postgresql_where=text("state = 'pending'"),
        ),
        Index(None, "tenant_id", "organization_id", "id"),
        Index(None, "email_key"),
        one_of("role", RoleName),
        one_of("state", InvitationState),
        CheckConstraint(ROLE_FITS_PLACE, name="role_fits_place"),
        {
            "schema": "identity",
            "info": access(
                (
                    Policy("reads", Command.SELECT, using=f"{ADMINISTERED} or email_key = {OWN_ADDRESS}"),
                    Policy("inserts", Command.INSERT, check=f"invited_by = {USER} and ({ADMINISTERED})"),
                    Policy(
                        "updates",
                        Command.UPDATE,
                        using=f"{ADMINISTERED} or (state = 'pending' and email_key = {OWN_ADDRESS})",
                        check=f"{ADMINISTERED} or email_key = {OWN_ADDRESS}",
                    ),
                ),
                dict.fromkeys(
                    (DatabaseRole.AUTH, DatabaseRole.TENANTS),
                    (
                        "SELECT",
                        "INSERT",
                        "UPDATE (state, token_hash, expires_at, decided_at, accepted_by, updated_at, version)",
                    ),
                ),
            ),
        },
    )

    organization_id: Mapped[UUID | None]
    email: Mapped[str] = mapped_column(Text)
    email_key: Mapped[str] = mapped_column(Text)
    role: Mapped[str] = mapped_column(Text)
    managed: Mapped[bool] = mapped_column(server_default="false")
    invited_by: Mapped[UUID] = mapped_column(ForeignKey("identity.users.id"))
    token_hash: Mapped[bytes]
    state: Mapped[str] = mapped_column(Text, server_default=InvitationState.PENDING)
    expires_at: Mapped[datetime]
    decided_at: Mapped[datetime | None]
    accepted_by: Mapped[UUID | None] = mapped_column(ForeignKey("identity.users.id"))
