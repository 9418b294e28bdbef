"""Puts counts together."""

from sqlalchemy.ext.asyncio import AsyncSession

from accunode_common.auth.subject import Subject
from accunode_credit.newest import recency
from accunode_predictions.predictions.statistics import repository
from accunode_predictions.predictions.statistics.repository import Group
from accunode_predictions.predictions.statistics.schemas import (
    KindStatistics,
    LevelCount,
    PeriodCount,
    SectorCount,
    Statistics,
)
from accunode_scoring import Kind, RiskLevel

_BY_KIND, _BY_LEVEL, _BY_SECTOR, _BY_PERIOD = 0b111, 0b011, 0b101, 0b110


async def statistics(session: AsyncSession, subject: Subject, kind: Kind | None) -> Statistics:
    """Counts and distributions of the caller's own and organization records."""
    rows = await repository.summary(session, subject, kind)
    kinds = [kind] if kind is not None else list(Kind)
    stored = {row.kind for row in rows}
    medians = {each: await repository.median(session, subject, each) for each in kinds if each in stored}
    found = [_of_kind(each, [row for row in rows if row.kind == each], medians.get(each)) for each in kinds]
    return Statistics(total=sum(each.count for each in found), kinds=found)


def _of_kind(kind: Kind, rows: list[Group], median_pd: float | None) -> KindStatistics:
    whole = next((row for row in rows if row.ungrouped == _BY_KIND), None)
    levels = {row.risk_level: row.count for row in rows if row.ungrouped == _BY_LEVEL}
    sectors = [row for row in rows if row.ungrouped == _BY_SECTOR]
    periods = [row for row in rows if row.ungrouped == _BY_PERIOD]
    return KindStatistics(
        kind=kind,
        count=whole.count if whole else 0,
        companies=whole.companies if whole else 0,
        mean_pd=whole.mean_pd if whole else None,
        median_pd=median_pd,
        risk_levels=[LevelCount(risk_level=level, count=levels.get(level.value, 0)) for level in RiskLevel],
        sectors=[
            SectorCount(sector=row.sector, count=row.count, mean_pd=row.mean_pd)
            for row in sorted(sectors, key=lambda row: (-row.count, row.sector or ""))
        ],
        periods=[
            PeriodCount(
                fiscal_year=row.fiscal_year, fiscal_quarter=row.fiscal_quarter, count=row.count, mean_pd=row.mean_pd
            )
            for row in sorted(periods, key=lambda row: recency(row.fiscal_year, row.fiscal_quarter))
        ],
    )
