"""The SQL of what serves: the registry's roles, versions that enter it, and tenants' master scales."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from accunode_credit.champion import Serving, in_use, serving
from accunode_credit.master_scale import parse, stored_scale
from accunode_credit.models.registry import ModelVersion
from accunode_scoring import MasterScale


async def known_versions(session: AsyncSession) -> Mapping[tuple[str, str], str]:
    """The status of every version in the registry, by kind and version."""
    rows = await session.execute(select(ModelVersion.kind, ModelVersion.version, ModelVersion.status))
    return {(kind, version): status for kind, version, status in rows}


async def enter_version(session: AsyncSession, values: Mapping[str, Any]) -> None:
    """Add a version, unless somebody else has."""
    await session.execute(insert(ModelVersion).values(**values).on_conflict_do_nothing())


async def serving_now(session: AsyncSession) -> Serving:
    """Every champion and challenger."""
    return serving((await session.execute(in_use())).all())


async def master_scale(session: AsyncSession, tenant_id: UUID) -> MasterScale:
    """The master scale of a tenant: its own, or the default."""
    return parse(await session.scalar(stored_scale(tenant_id)))
