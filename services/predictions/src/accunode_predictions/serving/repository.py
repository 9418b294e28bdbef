"""The SQL of what serves: the registry's roles, versions that enter it, and tenants' master scales."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from accunode_common.models.tenancy import Tenant
from accunode_credit.models.registry import ModelStatus, ModelVersion


async def known_versions(session: AsyncSession) -> Mapping[tuple[str, str], str]:
    """The status of every version in the registry, by kind and version."""
    rows = await session.execute(select(ModelVersion.kind, ModelVersion.version, ModelVersion.status))
    return {(kind, version): status for kind, version, status in rows}


async def enter_version(session: AsyncSession, values: Mapping[str, Any]) -> None:
    """Add a version, unless somebody else has."""
    await session.execute(insert(ModelVersion).values(**values).on_conflict_do_nothing())


async def versions_in_use(session: AsyncSession) -> Sequence[tuple[str, str, str, str]]:
    """Kind, status, version and hash of every champion and challenger."""
    rows = await session.execute(
        select(ModelVersion.kind, ModelVersion.status, ModelVersion.version, ModelVersion.sha256).where(
            ModelVersion.status.in_([ModelStatus.CHAMPION, ModelStatus.CHALLENGER])
        )
    )
    return [(kind, status, version, sha256) for kind, status, version, sha256 in rows]


async def master_scale(session: AsyncSession, tenant_id: UUID) -> list[dict[str, Any]] | None:
    """A tenant's own master scale, if it has one."""
    own: list[dict[str, Any]] | None = await session.scalar(select(Tenant.master_scale).where(Tenant.id == tenant_id))
    return own
