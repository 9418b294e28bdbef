"""The SQL of background jobs."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncSession

from accunode_credit.models.bulk import Job


async def add(session: AsyncSession, values: Mapping[str, Any]) -> Job:
    """A new job."""
    added = await session.scalars(insert(Job).values(**values).returning(Job))
    return added.one()
