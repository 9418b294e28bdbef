"""Counts and distributions as clients receive them."""

from pydantic import Field

from accunode_common.http.schemas import ResponseModel
from accunode_common.models.credit import RiskLevelName
from accunode_predictions.fields import StoredKind


class LevelCount(ResponseModel):
    """Predictions of one risk level."""

    risk_level: RiskLevelName
    count: int


class SectorCount(ResponseModel):
    """Predictions of one sector."""

    sector: str | None = Field(description="Null where the company has none.")
    count: int
    mean_pd: float = Field(description="Mean probability of default within 1 year, a fraction in [0, 1].")


class PeriodCount(ResponseModel):
    """Predictions of one period."""

    fiscal_year: int
    fiscal_quarter: int | None
    count: int
    mean_pd: float = Field(description="Mean probability of default within 1 year, a fraction in [0, 1].")


class KindStatistics(ResponseModel):
    """The predictions of one kind."""

    kind: StoredKind
    count: int
    companies: int
    mean_pd: float | None = Field(description="Null where there are no predictions.")
    median_pd: float | None
    risk_levels: list[LevelCount] = Field(description="All four, the safest first.")
    sectors: list[SectorCount] = Field(description="The largest first.")
    periods: list[PeriodCount] = Field(description="The earliest first.")


class Statistics(ResponseModel):
    """Counts and distributions of the caller's own and organization records."""

    total: int
    kinds: list[KindStatistics]
