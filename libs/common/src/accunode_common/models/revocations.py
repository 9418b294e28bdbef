"""What access tokens are void before they expire."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID, uuid5

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import Text

from accunode_common.db.access import Command, DatabaseRole, Policy, access
from accunode_common.db.base import Base
from accunode_common.models.columns import one_of


class RevocationKind(StrEnum):
    """What a revocation's id names. A session may also be an API key; a member is a user in a tenant (`member_id`)."""

    SESSION = "session"
    USER = "user"
    TENANT = "tenant"
    MEMBER = "member"


def member_id(tenant_id: UUID, user_id: UUID) -> UUID:
    """The id under which what a user holds in a tenant is revoked."""
    return uuid5(tenant_id, str(user_id))


_WRITES = ("SELECT", "INSERT", "UPDATE EXCEPT (kind, id)")


class RevocationRecord(Base):
    """Tokens that were issued until a moment are void. Every service reads it, since it holds nothing but ids."""

    __tablename__ = "revocations"
    __table_args__ = (
        one_of("kind", RevocationKind),
        Index(None, "expires_at"),
        {
            "schema": "identity",
            "info": access(
                (
                    Policy("reads", Command.SELECT, using="true"),
                    Policy("inserts", Command.INSERT, check="true"),
                    Policy("updates", Command.UPDATE, using="true"),
                    Policy("deletes", Command.DELETE, using="expires_at < now()"),
                ),
                {
                    DatabaseRole.AUTH: _WRITES,
                    DatabaseRole.TENANTS: _WRITES,
                    DatabaseRole.PREDICTIONS: ("SELECT",),
                    DatabaseRole.BULK: ("SELECT",),
                    DatabaseRole.RELAY: ("SELECT", "DELETE"),
                },
            ),
        },
    )

    kind: Mapped[str] = mapped_column(Text, primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    moment: Mapped[datetime]
    expires_at: Mapped[datetime]
