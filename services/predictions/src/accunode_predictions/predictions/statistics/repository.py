"""The SQL of statistics."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Double, Integer, cast, func, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from accunode_common.auth.subject import Subject
from accunode_credit.medians import median_pd
from accunode_credit.models.credit import Prediction, PredictionCount
from accunode_credit.records import own_records
from accunode_scoring import Kind


@dataclass(frozen=True, slots=True)
class Group:
    """One group of predictions; `ungrouped` has a bit for level, sector and period each that it does not group by."""

    kind: Kind
    risk_level: str
    sector: str | None
    fiscal_year: int
    fiscal_quarter: int | None
    ungrouped: int
    count: int
    companies: int
    mean_pd: float


_COLUMNS = (
    PredictionCount.kind,
    PredictionCount.risk_level,
    PredictionCount.sector,
    PredictionCount.fiscal_year,
    PredictionCount.fiscal_quarter,
)


def _grouped(*sets: Sequence[InstrumentedAttribute[Any]]) -> ColumnElement[Any]:
    return func.grouping_sets(*(tuple_(*columns) for columns in sets))


async def summary(session: AsyncSession, subject: Subject, kind: Kind | None) -> list[Group]:
    """Counts by kind, and by risk level, sector and period within each: sums of what is counted already."""
    kind_, level, sector, year, quarter = _COLUMNS
    every = ~PredictionCount.is_newest
    count = func.sum(PredictionCount.predictions).filter(every)
    companies = func.sum(PredictionCount.predictions).filter(PredictionCount.is_newest)
    statement = (
        select(
            *_COLUMNS,
            func.grouping(*_COLUMNS[1:4]),
            cast(count, Integer),
            cast(func.coalesce(companies, 0), Integer),
            cast(func.sum(PredictionCount.pd_sum).filter(every) / count, Double),
        )
        .where(own_records(PredictionCount, subject))
        .group_by(_grouped((kind_,), (kind_, level), (kind_, sector), (kind_, year, quarter)))
        .having(count > 0)
    )
    if kind is not None:
        statement = statement.where(PredictionCount.kind == kind)
    return [Group(*row) for row in await session.execute(statement)]


async def median(session: AsyncSession, subject: Subject, kind: Kind) -> float | None:
    """The median probability of default of a kind."""
    found: float | None = await session.scalar(median_pd(subject, kind, Prediction))
    return found
