"""Model versions and what is watched about them."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKeyConstraint, Index, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import Text

from accunode_common.db.access import (
    IN_TENANT,
    WRITES_PLATFORM,
    Command,
    DatabaseRole,
    Policy,
    access,
    read_write,
    record_write,
)
from accunode_common.db.base import Base, TenantOwned, Timestamped
from accunode_common.models.columns import one_of
from accunode_credit.models.kind_column import KindText
from accunode_scoring import Kind


class ModelStatus(StrEnum):
    """The life of a model version; one champion per kind serves."""

    CANDIDATE = "candidate"
    CHAMPION = "champion"
    CHALLENGER = "challenger"
    RETIRED = "retired"


class ModelVersion(Timestamped, Base):
    """A trained model; its files are found by version and checked against the hash."""

    __tablename__ = "model_versions"
    __table_args__ = (
        Index(
            "uq_model_versions_champion",
            "kind",
            unique=True,
            postgresql_where=text("status = 'champion'"),
        ),
        one_of("kind", Kind),
        one_of("status", ModelStatus),
        {
            "schema": "registry",
            "info": access(
                (
                    Policy("reads", Command.SELECT, using="true"),
                    Policy("inserts", Command.INSERT, check=WRITES_PLATFORM),
                    Policy("updates", Command.UPDATE, using=WRITES_PLATFORM),
                ),
                {
                    DatabaseRole.PREDICTIONS: ("SELECT", "INSERT", "UPDATE"),
                    DatabaseRole.BULK: ("SELECT",),
                    DatabaseRole.WORKER: ("SELECT",),
                },
            ),
        },
    )

    kind: Mapped[Kind] = mapped_column(KindText, primary_key=True)
    version: Mapped[str] = mapped_column(Text, primary_key=True)
    sha256: Mapped[str] = mapped_column(Text)
    status: Mapped[str] = mapped_column(Text, server_default=ModelStatus.CANDIDATE)
    trained_at: Mapped[datetime | None]
    promoted_at: Mapped[datetime | None]
    promoted_by: Mapped[UUID | None]
    metrics: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default="{}")


class DriftReport(TenantOwned, Base):
    """A tenant's population held against the one that a model was trained on."""

    __tablename__ = "drift_reports"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id"], ["tenancy.tenants.id"]),
        ForeignKeyConstraint(["kind", "version"], ["registry.model_versions.kind", "registry.model_versions.version"]),
        Index(None, "tenant_id", "kind", "version", "id"),
        {
            "schema": "registry",
            "info": access(
                read_write(read=IN_TENANT, write=IN_TENANT),
                {DatabaseRole.PREDICTIONS: ("SELECT",), DatabaseRole.WORKER: ("SELECT", "INSERT")},
            ),
        },
    )

    kind: Mapped[Kind] = mapped_column(KindText)
    version: Mapped[str] = mapped_column(Text)
    report: Mapped[dict[str, Any]] = mapped_column(JSONB)
    created_at: Mapped[datetime] = mapped_column(server_default=text("now()"))


class ShadowScore(Base):
    """What a challenger says of a prediction that the champion made."""

    __tablename__ = "shadow_scores"
    __table_args__ = (
        ForeignKeyConstraint(
            ["tenant_id", "prediction_id"],
            ["credit.predictions.tenant_id", "credit.predictions.id"],
            ondelete="CASCADE",
        ),
        {
            "schema": "registry",
            "info": access(
                read_write(
                    read="exists (select 1 from credit.predictions p where p.tenant_id = shadow_scores.tenant_id"
                    " and p.id = shadow_scores.prediction_id)",
                    write=f"{IN_TENANT} and exists (select 1 from credit.predictions p"
                    " where p.tenant_id = shadow_scores.tenant_id and p.id = shadow_scores.prediction_id"
                    f" and ({record_write('p.')}))",
                ),
                {
                    DatabaseRole.PREDICTIONS: ("SELECT", "INSERT", "UPDATE"),
                    DatabaseRole.WORKER: ("SELECT", "INSERT", "UPDATE"),
                },
            ),
        },
    )

    tenant_id: Mapped[UUID] = mapped_column(primary_key=True)
    prediction_id: Mapped[UUID] = mapped_column(primary_key=True)
    version: Mapped[str] = mapped_column(Text, primary_key=True)
    pd: Mapped[float]
    created_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
