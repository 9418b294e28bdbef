"""What became of a file's rows, as clients see it."""

from uuid import UUID

from pydantic import Field

from accunode_common.http.schemas import ResponseModel
from accunode_common.models.bulk import RowOutcome
from accunode_common.models.credit import RiskLevelName


class ReasonOut(ResponseModel):
    """Why the probability is what it is."""

    code: str
    ratio: str = Field(description="The ratio's column name.")
    value: float | None = Field(description="The ratio as given; null where missing.")
    direction: str = Field(description="`raises` or `lowers` the probability of default.")
    percentile: float | None = Field(
        description="Share, 0 to 100, of the reference population with a lower value; null where missing."
    )
    contribution: float = Field(description="In log-odds of `pd`.")
    text: str


class ResultRow(ResponseModel):
    """A stored row of the file with its score."""

    row_number: int = Field(description="The line of the file.")
    prediction_id: UUID
    company_id: UUID
    company_name: str
    symbol: str | None
    fiscal_year: int
    fiscal_quarter: int | None
    ratios: dict[str, float | None] = Field(
        description="As given: percent numbers and plain multiples, or the amounts of a statement in million."
    )
    model_version: str
    pd: float = Field(description="Probability of default within 1 year, a fraction in [0, 1].")
    pd_2y: float
    pd_3y: float
    pd_low: float = Field(description="Lower end of the 95 % confidence interval of `pd`.")
    pd_high: float
    pd_scorecard: float
    pd_lightgbm: float
    grade: str
    risk_level: RiskLevelName
    reason_codes: list[str]
    reasons: list[ReasonOut] | None = Field(
        description="The strongest first; null where the files of the model version are no longer at hand."
    )
    flags: list[str] = Field(description="Remarks on inputs: missing, out_of_range or degenerate, and the ratio.")


class RowError(ResponseModel):
    """Why a row of the file is not stored."""

    row_number: int = Field(description="The line of the file.")
    outcome: RowOutcome
    company: str | None
    column: str | None = Field(description="The column at fault, if one is.")
    code: str = Field(description="A stable name of the fault.")
    message: str
    value: str | None = Field(description="What the cell holds.")
