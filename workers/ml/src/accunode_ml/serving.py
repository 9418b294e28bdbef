"""Which model version serves, and on which master scale a tenant is graded."""

from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from accunode_credit.models.registry import ModelStatus, ModelVersion
from accunode_ml.runtime import Runtime
from accunode_scoring import Grade, Kind, MasterScale

_SCALE = text("select master_scale from tenancy.tenants where id = :tenant_id")


def master_scale(session: Session, tenant_id: UUID) -> MasterScale | None:
    """The tenant's own master scale; None where the default serves."""
    own = session.execute(_SCALE, {"tenant_id": tenant_id}).scalar_one_or_none()
    if not own:
        return None
    return MasterScale(tuple(Grade(str(g["name"]), float(g["upper"]), float(g["midpoint"])) for g in own))


def champion_version(session: Session, kind: Kind) -> str | None:
    """The registry's champion."""
    found: str | None = session.scalar(
        select(ModelVersion.version).where(ModelVersion.kind == kind, ModelVersion.status == ModelStatus.CHAMPION)
    )
    return found


def serving_version(session: Session, runtime: Runtime, kind: Kind) -> str:
    """The registry's champion, or else the library's."""
    return champion_version(session, kind) or runtime.models.champion(kind).version
