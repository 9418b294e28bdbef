"""Long-run default rates that tenants set for their scores."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from accunode_common.db.access import (
    IN_TENANT,
    READS_PLATFORM,
    WRITE_REACH,
    WRITES_PLATFORM,
    Command,
    DatabaseRole,
    Policy,
    access,
)
from accunode_common.db.base import Base, TenantOwned
from accunode_common.models.columns import one_of
from accunode_credit.models.kind_column import KindText
from accunode_scoring import Kind


class CentralTendency(TenantOwned, Base):
    """A tenant's long-run default rate for a kind from a day on; null goes back to the model's own level.

    Rows are added and never changed. The newest day that has come counts, and of several rows of a day the last one.
    """

    __tablename__ = "central_tendencies"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id"], ["tenancy.tenants.id"]),
        Index(None, "tenant_id", "kind", "effective_from", "id"),
        one_of("kind", Kind),
        CheckConstraint("rate between 0.0001 and 0.5", name="rate"),
        {
            "schema": "credit",
            "info": access(
                (
                    Policy("reads", Command.SELECT, using=f"{IN_TENANT} or {READS_PLATFORM}"),
                    Policy(
                        "inserts",
                        Command.INSERT,
                        check=f"{WRITES_PLATFORM} or ({IN_TENANT} and {WRITE_REACH} = 'tenant')",
                    ),
                ),
                {
                    DatabaseRole.TENANTS: ("SELECT", "INSERT"),
                    DatabaseRole.PREDICTIONS: ("SELECT",),
                    DatabaseRole.WORKER: ("SELECT",),
                },
            ),
        },
    )

    kind: Mapped[Kind] = mapped_column(KindText)
    rate: Mapped[float | None]
    effective_from: Mapped[date]
    set_by: Mapped[UUID]
    created_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
