"""Passkeys: WebAuthn credentials that stand for a second factor, and sign in by themselves."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, Index, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import Text

from accunode_common.db.access import DatabaseRole, access, read_write
from accunode_common.db.base import Base, Identified
from accunode_common.models.identity import OWN_ROWS


class Passkey(Identified, Base):
    """A person's passkey: its public key, and what tells a copy of it from the original."""

    __tablename__ = "passkeys"
    __table_args__ = (
        Index(None, "user_id", "id"),
        {
            "schema": "identity",
            "info": access(
                read_write(read=OWN_ROWS, write=OWN_ROWS),
                {
                    DatabaseRole.AUTH: (
                        "SELECT",
                        "INSERT",
                        "UPDATE (label, sign_count, backed_up, last_used_at)",
                        "DELETE",
                    )
                },
            ),
        },
    )

    user_id: Mapped[UUID] = mapped_column(ForeignKey("identity.users.id"))
    credential_id: Mapped[bytes] = mapped_column(unique=True)
    public_key: Mapped[bytes]
    sign_count: Mapped[int] = mapped_column(BigInteger)
    transports: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default="{}")
    label: Mapped[str] = mapped_column(Text)
    backed_up: Mapped[bool]
    created_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    last_used_at: Mapped[datetime | None]
