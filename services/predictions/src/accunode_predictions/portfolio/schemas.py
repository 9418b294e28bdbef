"""The portfolio as clients receive it."""

from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from accunode_common.http.schemas import ResponseModel, UtcTime
from accunode_common.models.credit import RiskLevelName
from accunode_predictions.fields import StoredKind

MeanPd = Annotated[float, Field(description="Mean probability of default within 1 year, a fraction in [0, 1].")]


class LevelShare(ResponseModel):
    """Companies of one risk level."""

    risk_level: RiskLevelName
    count: int


class GradeShare(ResponseModel):
    """Companies of one grade."""

    grade: str
    count: int


class SectorShare(ResponseModel):
    """Companies of one sector."""

    sector: str | None = Field(description="Null where the company has none.")
    count: int
    mean_pd: MeanPd


class TrendPoint(ResponseModel):
    """The predictions of one period."""

    fiscal_year: int
    fiscal_quarter: int | None
    count: int
    mean_pd: MeanPd


class CompanyRisk(ResponseModel):
    """A company by its newest prediction."""

    company_id: UUID
    name: str
    symbol: str | None
    sector: str | None
    prediction_id: UUID
    fiscal_year: int
    fiscal_quarter: int | None
    pd: float = Field(description="Probability of default within 1 year, a fraction in [0, 1].")
    grade: str
    risk_level: RiskLevelName
    pd_change: float | None = Field(
        description="Against the prediction before of the same kind; null if there is none."
    )


class Dashboard(ResponseModel):
    """The caller's own and organization records at a glance, each company by its newest prediction of the kind."""

    kind: StoredKind
    generated_at: UtcTime = Field(description="The same answer is given for half a minute.")
    companies: int = Field(description="Companies that have a prediction of this kind.")
    predictions: int
    mean_pd: float | None = Field(description="Null where there are no predictions.")
    median_pd: float | None
    expected_defaults: float = Field(description="Sum of the companies' probabilities within 1 year.")
    risk_levels: list[LevelShare] = Field(description="All four, the safest first.")
    grades: list[GradeShare] = Field(description="Every grade of the tenant's master scale, the best first.")
    sectors: list[SectorShare] = Field(description="The ten largest.")
    trend: list[TrendPoint] = Field(description="All predictions by period, the earliest first.")
    riskiest: list[CompanyRisk] = Field(description="The ten highest probabilities.")
    deteriorated: list[CompanyRisk] = Field(description="The ten largest rises against the period before.")
    recent: list[CompanyRisk] = Field(description="The ten that were stored last.")


class Dimension(StrEnum):
    """What a migration matrix counts."""

    GRADE = "grade"
    RISK_LEVEL = "risk_level"


class MigrationQuery(BaseModel):
    """Two periods to compare."""

    model_config = ConfigDict(frozen=True)

    kind: StoredKind = StoredKind.ANNUAL
    from_year: int = Field(ge=1900, le=2100)
    to_year: int = Field(ge=1900, le=2100)
    from_quarter: int | None = Field(default=None, ge=1, le=4, description="For quarterly predictions only.")
    to_quarter: int | None = Field(default=None, ge=1, le=4, description="For quarterly predictions only.")
    by: Dimension = Dimension.GRADE


class MigrationRow(ResponseModel):
    """What became of the companies of one state."""

    state: str = Field(description="The grade or risk level in the first period.")
    total: int = Field(description="Companies in both periods.")
    counts: list[int] = Field(description="By state in the second period, in the order of `states`.")
    shares: list[float] = Field(description="The same as fractions of `total`; all 0 where there are none.")


class Migration(ResponseModel):
    """The transition matrix between two periods, over the companies that have predictions in both."""

    states: list[str] = Field(description="Grades or risk levels, the best first.")
    rows: list[MigrationRow] = Field(description="One per state, in the order of `states`.")
    companies: int = Field(description="Companies in both periods.")
    improved: int
    unchanged: int
    worsened: int
    entered: int = Field(description="Companies in the second period only.")
    left: int = Field(description="Companies in the first period only.")
