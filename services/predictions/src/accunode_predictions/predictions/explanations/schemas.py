"""Explanations as clients receive them."""

from uuid import UUID

from pydantic import Field

from accunode_common.http.schemas import ResponseModel
from accunode_common.models.credit import RiskLevelName
from accunode_predictions.predictions.schemas import Probability, ReasonOut
from accunode_predictions.scored import Scored


class ContributionOut(ResponseModel):
    """What one ratio adds to the score."""

    ratio: str = Field(description="The ratio's column name.")
    label: str
    unit: str = Field(
        description="`percent` (12.5 means 12.5 %), `multiple` (3.2 means 3.2x), `days` or `amount` (million)."
    )
    value: float | None = Field(description="The ratio as given; null where missing.")
    percentile: float | None = Field(
        description="Share, 0 to 100, of the reference population with a lower value; null where missing."
    )
    log_odds: float = Field(description="Positive raises the probability of default, negative lowers it.")


class FlagOut(ResponseModel):
    """A remark on one input."""

    code: str = Field(description="missing, out_of_range or degenerate.")
    ratio: str
    message: str


class Explanation(Scored):
    """A prediction taken apart: `base_log_odds` and the contributions add up to `log_odds`, which is that of `pd`."""

    prediction_id: UUID
    fiscal_year: int
    fiscal_quarter: int | None
    pd: Probability = Field(description="Probability of default within 1 year, a fraction in [0, 1].")
    pd_low: Probability
    pd_high: Probability
    pd_percentile: float | None = Field(
        description="Share, 0 to 100, of the reference population with a lower probability; null if unknown."
    )
    grade: str
    risk_level: RiskLevelName
    log_odds: float = Field(description="ln(pd / (1 - pd)).")
    base_log_odds: float = Field(description="The log-odds of the average of the reference population.")
    contributions: list[ContributionOut] = Field(description="One per ratio, in the model's order.")
    reasons: list[ReasonOut] = Field(description="The strongest first.")
    flags: list[FlagOut]
    model_url: str = Field(description="Where the model version and its metrics are.")
