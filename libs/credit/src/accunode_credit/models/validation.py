"""What is left of deleted predictions, for validation: what was given then, and nothing that names the obligor."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import SmallInteger, Text

from accunode_common.db.access import Command, DatabaseRole, Policy, access, record_read
from accunode_common.db.base import Base, TenantOwned
from accunode_common.models.columns import AccessLevel, one_of
from accunode_credit.models.kind_column import KindText
from accunode_scoring import Kind


class DeletedPrediction(TenantOwned, Base):
    """The scores that a deleted prediction gave while it stood. Personal predictions leave nothing.

    `credit.keep_deleted` adds it when a prediction is deleted. While the company stays, `obligor_id` is its id, so that
    outcomes that become known later count; `credit.unname_deleted` replaces it by a random one when the company is
    deleted, and keeps the days of its defaults. `scores` has the earliest first, each with `given_at`, `pd`, `grade`,
    `model_version` and `inputs`.
    """

    __tablename__ = "deleted_predictions"
    __table_args__ = (
        Index(None, "tenant_id", "obligor_id"),
        Index(None, "tenant_id", "kind", "id"),
        one_of("access_level", AccessLevel),
        one_of("kind", Kind),
        CheckConstraint("access_level <> 'personal'", name="shared"),
        {
            "schema": "credit",
            "info": access(
                (
                    Policy("reads", Command.SELECT, using=record_read("scope_id", "scope_id")),
                    Policy("keeps_all", Command.ALL, using="true", roles=(DatabaseRole.MIGRATOR,)),
                ),
                {DatabaseRole.WORKER: ("SELECT",)},
            ),
        },
    )

    access_level: Mapped[str] = mapped_column(Text)
    scope_id: Mapped[UUID]
    obligor_id: Mapped[UUID]
    kind: Mapped[Kind] = mapped_column(KindText)
    fiscal_year: Mapped[int] = mapped_column(SmallInteger)
    fiscal_quarter: Mapped[int | None] = mapped_column(SmallInteger)
    scores: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    defaulted_on: Mapped[list[str]] = mapped_column(JSONB, server_default="[]")
    deleted_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
