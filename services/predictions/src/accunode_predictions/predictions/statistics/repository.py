"""The SQL of statistics."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, and_, func, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from accunode_common.auth.subject import Subject
from accunode_credit.models.credit import Company, Prediction
from accunode_credit.records import own_records
from accunode_scoring import Kind


@dataclass(frozen=True, slots=True)
class Group:
    """One group of predictions; `ungrouped` has a bit for level, sector and period each that it does not group by."""

    kind: str
    risk_level: str
    sector: str | None
    fiscal_year: int
    fiscal_quarter: int | None
    ungrouped: int
    count: int
    companies: int
    mean_pd: float
    median_pd: float


def _grouped(*sets: Sequence[InstrumentedAttribute[Any]]) -> ColumnElement[Any]:
    return func.grouping_sets(*(tuple_(*columns) for columns in sets))


async def summary(session: AsyncSession, subject: Subject, kind: Kind | None) -> list[Group]:
    """Counts by kind, and by risk level, sector and period within each, from one pass."""
    columns = (
        Prediction.kind,
        Prediction.risk_level,
        Company.sector,
        Prediction.fiscal_year,
        Prediction.fiscal_quarter,
    )
    kind_, level, sector, year, quarter = columns
    statement = (
        select(
            *columns,
            func.grouping(*columns[1:4]),
            func.count(),
            func.count(Prediction.company_id.distinct()),
            func.avg(Prediction.pd),
            func.percentile_cont(0.5).within_group(Prediction.pd),
        )
        .select_from(Prediction)
        .join(Company, and_(Company.tenant_id == Prediction.tenant_id, Company.id == Prediction.company_id))
        .where(own_records(Prediction, subject))
        .group_by(_grouped((kind_,), (kind_, level), (kind_, sector), (kind_, year, quarter)))
    )
    if kind is not None:
        statement = statement.where(Prediction.kind == kind.value)
    return [Group(*row) for row in await session.execute(statement)]
