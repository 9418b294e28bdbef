"""The SQL of what serves: the registry's roles, versions that enter it, and tenants' master scales."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from accunode_credit.champion import Registry, registered, registry_of
from accunode_credit.master_scale import parse, stored_scale
from accunode_credit.models.registry import ModelVersion
from accunode_scoring import MasterScale


async def model_registry(session: AsyncSession) -> Registry:
    """Every version in the registry."""
    return registry_of((await session.execute(registered())).all())


async def enter_version(session: AsyncSession, values: Mapping[str, Any]) -> None:
    """Add a version, unless somebody else has."""
    await session.execute(insert(ModelVersion).values(**values).on_conflict_do_nothing())


async def master_scale(session: AsyncSession, tenant_id: UUID) -> MasterScale:
    """The master scale of a tenant: its own, or the default."""
    return parse(await session.scalar(stored_scale(tenant_id)))
