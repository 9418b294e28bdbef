"""Explanations as clients receive them."""

from uuid import UUID

from pydantic import Field

from accunode_common.schemas import ResponseModel
from accunode_credit.reasons import ReasonOut
from accunode_predictions.model_reference import Scored
from accunode_predictions.predictions.schemas import Probability
from accunode_predictions.schema_fields import (
    FiscalPeriodQuarter,
    FiscalPeriodYear,
    GradeName,
    Level,
    RatioLabel,
    RatioName,
)


class ContributionOut(ResponseModel):
    """What one ratio adds to the score."""

    ratio: RatioName
    label: RatioLabel
    unit: str = Field(
        description="`percent` (12.5 means 12.5 %), `multiple` (3.2 means 3.2x), `days` or `amount` (million).",
        examples=["percent"],
    )
    value: float | None = Field(description="The ratio as given; null where missing.", examples=[3.7])
    percentile: float | None = Field(
        description="Share, 0 to 100, of the reference population with a lower value; null where missing.",
        examples=[60.2],
    )
    log_odds: float = Field(
        description="Positive raises the probability of default, negative lowers it.", examples=[-0.455]
    )


class FlagOut(ResponseModel):
    """A remark on one input."""

    code: str = Field(
        description="missing, out_of_range, degenerate, or what looks wrong, such as margin_contradicts_return.",
        examples=["missing"],
    )
    ratio: RatioName
    message: str = Field(description="The remark in a sentence.", examples=["Return on assets is missing."])


class Explanation(Scored):
    """A prediction taken apart: `base_log_odds` and the contributions add up to `log_odds`, which is that of `pd`."""

    prediction_id: UUID = Field(description="The prediction, under /predictions.")
    fiscal_year: FiscalPeriodYear
    fiscal_quarter: FiscalPeriodQuarter
    pd: Probability = Field(description="Probability of default within 1 year, a fraction in [0, 1].")
    pd_low: Probability = Field(description="Lower end of the 95 % confidence interval of `pd`.", examples=[0.00057])
    pd_high: Probability = Field(description="Its upper end.", examples=[0.00119])
    pd_percentile: float | None = Field(
        description="Share, 0 to 100, of the reference population with a lower probability; null if unknown.",
        examples=[18.4],
    )
    grade: GradeName
    risk_level: Level
    log_odds: float = Field(description="ln(pd / (1 - pd)).", examples=[-7.099])
    base_log_odds: float = Field(
        description="The log-odds of the average of the reference population.", examples=[-5.678]
    )
    contributions: list[ContributionOut] = Field(description="One per ratio, in the model's order.")
    reasons: list[ReasonOut] = Field(description="The strongest first.")
    flags: list[FlagOut] = Field(description="Remarks on inputs, in the model's order.", examples=[[]])
    model_url: str = Field(
        description="Where the model version and its metrics are.", examples=["/api/v1/models/annual/1.0.0"]
    )
