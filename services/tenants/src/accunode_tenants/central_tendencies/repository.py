"""The SQL of central tendencies."""

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from accunode_common.ids import new_id
from accunode_credit.grading import Kind
from accunode_credit.models.levels import CentralTendency


async def every(session: AsyncSession, tenant_id: UUID, kind: Kind) -> Sequence[CentralTendency]:
    """All that a tenant has set for a kind, the newest day first, and of one day the last that was set."""
    rows = await session.scalars(
        select(CentralTendency)
        .where(CentralTendency.tenant_id == tenant_id, CentralTendency.kind == kind)
        .order_by(CentralTendency.effective_from.desc(), CentralTendency.id.desc())
    )
    return rows.all()


async def add(
    session: AsyncSession, tenant_id: UUID, kind: Kind, rate: float | None, effective_from: date, set_by: UUID
) -> None:
    """Add one; what was set before stays."""
    session.add(
        CentralTendency(
            tenant_id=tenant_id, id=new_id(), kind=kind, rate=rate, effective_from=effective_from, set_by=set_by
        )
    )
    await session.flush()
