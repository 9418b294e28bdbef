"""The SQL of the model registry."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import and_, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from accunode_credit.models.credit import Prediction
from accunode_credit.models.registry import DriftReport, ModelStatus, ModelVersion, ShadowScore


async def every_version(session: AsyncSession) -> Sequence[ModelVersion]:
    """All versions, the newest of each kind first."""
    found = await session.scalars(
        select(ModelVersion).order_by(ModelVersion.kind, ModelVersion.created_at.desc(), ModelVersion.version.desc())
    )
    return found.all()


async def version_of(session: AsyncSession, kind: str, version: str) -> ModelVersion | None:
    """One version."""
    found: ModelVersion | None = await session.scalar(
        select(ModelVersion).where(ModelVersion.kind == kind, ModelVersion.version == version)
    )
    return found


async def lock_kind(session: AsyncSession, kind: str) -> Sequence[ModelVersion]:
    """All versions of a kind, locked in one order until the transaction ends."""
    found = await session.scalars(
        select(ModelVersion).where(ModelVersion.kind == kind).order_by(ModelVersion.version).with_for_update()
    )
    return found.all()


async def set_status(
    session: AsyncSession, version: ModelVersion, status: ModelStatus, promoted_by: UUID | None = None
) -> None:
    """Give a version another status; a champion remembers who promoted it."""
    values: dict[str, object] = {"status": status, "updated_at": func.now()}
    if status is ModelStatus.CHAMPION:
        values |= {"promoted_at": func.now(), "promoted_by": promoted_by}
    await session.execute(
        update(ModelVersion)
        .where(ModelVersion.kind == version.kind, ModelVersion.version == version.version)
        .values(**values)
        .execution_options(synchronize_session=False)
    )


async def reload(session: AsyncSession, version: ModelVersion) -> ModelVersion:
    """The version as it is now."""
    await session.refresh(version)
    return version


async def shadow_summary(session: AsyncSession, kind: str, version: str) -> tuple[int, float, float, float]:
    """Count, mean, mean absolute and largest absolute difference of a challenger's scores."""
    difference = ShadowScore.pd - Prediction.pd
    row = (
        await session.execute(
            select(func.count(), func.avg(difference), func.avg(func.abs(difference)), func.max(func.abs(difference)))
            .select_from(ShadowScore)
            .join(
                Prediction,
                and_(Prediction.tenant_id == ShadowScore.tenant_id, Prediction.id == ShadowScore.prediction_id),
            )
            .where(Prediction.kind == kind, ShadowScore.version == version)
        )
    ).one()
    return row[0], row[1], row[2], row[3]


async def newest_drift(session: AsyncSession, tenant_id: UUID, kind: str, version: str) -> DriftReport | None:
    """The newest drift report of a tenant."""
    found: DriftReport | None = await session.scalar(
        select(DriftReport)
        .where(DriftReport.tenant_id == tenant_id, DriftReport.kind == kind, DriftReport.version == version)
        .order_by(DriftReport.id.desc())
        .limit(1)
    )
    return found
