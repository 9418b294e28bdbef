"""The SQL of what serves: the registry's roles, versions that enter it, and what tenants grade by."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from accunode_credit.champion import Registry, registered, registry_of
from accunode_credit.grading import Grading, grading_of, stored_grading
from accunode_credit.models.registry import ModelVersion


async def model_registry(session: AsyncSession) -> Registry:
    """Every version in the registry."""
    return registry_of((await session.execute(registered())).all())


async def enter_version(session: AsyncSession, values: Mapping[str, Any]) -> None:
    """Add a version, unless somebody else has."""
    await session.execute(insert(ModelVersion).values(**values).on_conflict_do_nothing())


async def grading(session: AsyncSession, tenant_id: UUID) -> Grading:
    """The master scale and the central tendencies of a tenant."""
    return grading_of((await session.execute(stored_grading(tenant_id))).one_or_none())
