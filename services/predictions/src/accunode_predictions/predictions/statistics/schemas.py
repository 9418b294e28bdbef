"""Counts and distributions as clients receive them."""

from pydantic import Field

from accunode_common.schemas import ResponseModel
from accunode_predictions.portfolio.schemas import MeanPd
from accunode_predictions.schema_fields import Count, FiscalPeriodQuarter, FiscalPeriodYear, Level
from accunode_scoring import Kind


class LevelCount(ResponseModel):
    """Predictions of one risk level."""

    risk_level: Level
    count: Count


class SectorCount(ResponseModel):
    """Predictions of one sector."""

    sector: str | None = Field(description="Null where the company has none.", examples=["Utilities"])
    count: Count
    mean_pd: MeanPd


class PeriodCount(ResponseModel):
    """Predictions of one period."""

    fiscal_year: FiscalPeriodYear
    fiscal_quarter: FiscalPeriodQuarter
    count: Count
    mean_pd: MeanPd


class KindStatistics(ResponseModel):
    """The predictions of one kind."""

    kind: Kind = Field(description="Which inputs they were made from.")
    count: Count
    companies: int = Field(description="Companies that have one.", examples=[112])
    mean_pd: float | None = Field(
        description="Mean probability of default within 1 year; null where there are no predictions.",
        examples=[0.0127],
    )
    median_pd: float | None = Field(
        description="Median probability of default within 1 year; null where there are no predictions.",
        examples=[0.0041],
    )
    risk_levels: list[LevelCount] = Field(description="All four, the safest first.")
    sectors: list[SectorCount] = Field(description="The largest first.")
    periods: list[PeriodCount] = Field(description="The earliest first.")


class Statistics(ResponseModel):
    """Counts and distributions of the caller's own and organization records."""

    total: int = Field(description="Predictions of every kind.", examples=[137])
    kinds: list[KindStatistics] = Field(description="Each kind by itself.")
