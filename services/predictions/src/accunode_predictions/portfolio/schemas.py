"""The portfolio as clients receive it."""

from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from accunode_common.schemas import ResponseModel, UtcTime
from accunode_predictions.companies.schemas import CompanyName, ShownSector, ShownSymbol
from accunode_predictions.schema_fields import Count, FiscalPeriodQuarter, FiscalPeriodYear, GradeName, Level
from accunode_scoring import Kind

MeanPd = Annotated[
    float, Field(description="Mean probability of default within 1 year, a fraction in [0, 1].", examples=[0.0127])
]


class LevelShare(ResponseModel):
    """Companies of one risk level."""

    risk_level: Level
    count: Count


class GradeShare(ResponseModel):
    """Companies of one grade."""

    grade: GradeName
    count: Count


class SectorShare(ResponseModel):
    """Companies of one sector."""

    sector: str | None = Field(description="Null where the company has none.", examples=["Utilities"])
    count: Count
    mean_pd: MeanPd


class TrendPoint(ResponseModel):
    """The predictions of one period."""

    fiscal_year: FiscalPeriodYear
    fiscal_quarter: FiscalPeriodQuarter
    count: Count
    mean_pd: MeanPd


class CompanyRisk(ResponseModel):
    """A company by its newest prediction."""

    company_id: UUID = Field(description="The company, under /companies.")
    name: CompanyName
    symbol: ShownSymbol
    sector: ShownSector
    prediction_id: UUID = Field(description="Its newest prediction, under /predictions.")
    fiscal_year: FiscalPeriodYear
    fiscal_quarter: FiscalPeriodQuarter
    pd: float = Field(description="Probability of default within 1 year, a fraction in [0, 1].", examples=[0.00083])
    grade: GradeName
    risk_level: Level
    pd_change: float | None = Field(
        description="Against the prediction before of the same kind; null if there is none.", examples=[-0.00012]
    )


class Dashboard(ResponseModel):
    """The caller's own and organization records at a glance, each company by its newest prediction of the kind."""

    kind: Kind = Field(description="Whose predictions are shown.")
    generated_at: UtcTime = Field(description="The same answer is given for half a minute.")
    companies: int = Field(description="Companies that have a prediction of this kind.", examples=[1250])
    predictions: int = Field(description="Predictions of this kind, of every period.", examples=[4870])
    mean_pd: float | None = Field(
        description="Mean probability of default within 1 year; null where there are no predictions.",
        examples=[0.0127],
    )
    median_pd: float | None = Field(
        description="Median probability of default within 1 year; null where there are no predictions.",
        examples=[0.0041],
    )
    expected_defaults: float = Field(description="Sum of the companies' probabilities within 1 year.", examples=[15.9])
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

    kind: Kind = Field(default=Kind.ANNUAL, description="Whose predictions are compared.")
    from_year: int = Field(ge=1900, le=2100, description="The fiscal year of the first period.")
    to_year: int = Field(ge=1900, le=2100, description="The fiscal year of the second period.")
    from_quarter: int | None = Field(default=None, ge=1, le=4, description="For quarterly predictions only.")
    to_quarter: int | None = Field(default=None, ge=1, le=4, description="For quarterly predictions only.")
    by: Dimension = Field(default=Dimension.GRADE, description="What the states are.")


class MigrationRow(ResponseModel):
    """What became of the companies of one state."""

    state: str = Field(description="The grade or risk level in the first period.", examples=["AN02"])
    total: int = Field(description="Companies that were in it, and are in the second period.", examples=[40])
    counts: list[int] = Field(
        description="By state in the second period, in the order of `states`.", examples=[[3, 34, 3]]
    )
    shares: list[float] = Field(
        description="The same as fractions of `total`; all 0 where there are none.", examples=[[0.075, 0.85, 0.075]]
    )


class Migration(ResponseModel):
    """The transition matrix between two periods, over the companies that have predictions in both."""

    states: list[str] = Field(description="Grades or risk levels, the best first.", examples=[["AN01", "AN02", "AN03"]])
    rows: list[MigrationRow] = Field(description="One per state, in the order of `states`.")
    companies: int = Field(description="Companies in both periods.", examples=[112])
    improved: int = Field(description="Those in a better state than before.", examples=[9])
    unchanged: int = Field(description="Those in the same state.", examples=[91])
    worsened: int = Field(description="Those in a worse state.", examples=[12])
    entered: int = Field(description="Companies in the second period only.", examples=[8])
    left: int = Field(description="Companies in the first period only.", examples=[5])
