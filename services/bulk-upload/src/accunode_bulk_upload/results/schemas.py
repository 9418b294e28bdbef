"""What became of a file's rows, as clients see it."""

from uuid import UUID

from pydantic import Field

from accunode_common.schemas import ResponseModel
from accunode_credit.examples import example_of
from accunode_credit.models.bulk import RowOutcome
from accunode_credit.reasons import ReasonOut
from accunode_scoring import Kind, RiskLevel


class ResultRow(ResponseModel):
    """A stored row of the file with its score."""

    row_number: int = Field(description="The line of the file.", examples=[17])
    prediction_id: UUID = Field(description="The stored prediction, under /predictions.")
    company_id: UUID = Field(description="The company, found or created.")
    company_name: str = Field(description="As the company is stored.", examples=["Northwind Energy Corp"])
    symbol: str | None = Field(description="Ticker or other short code, if it has one.", examples=["NWEC"])
    fiscal_year: int = Field(description="The year that the ratios are of.", examples=[2024])
    fiscal_quarter: int | None = Field(description="1 to 4; null unless quarterly.", examples=[None])
    ratios: dict[str, float | None] = Field(
        description="As given: percent numbers and plain multiples, or the amounts of a statement in million.",
        examples=[example_of(Kind.ANNUAL)],
    )
    model_version: str = Field(description="What scored.", examples=["1.0.0"])
    pd: float = Field(
        description="The ensemble's probability of default within 1 year, a fraction in [0, 1].", examples=[0.00083]
    )
    pd_2y: float = Field(description="The same within 2 years.", examples=[0.00271])
    pd_3y: float = Field(description="The same within 3 years.", examples=[0.00513])
    pd_low: float = Field(description="Lower end of the 95 % confidence interval of `pd`.", examples=[0.00057])
    pd_high: float = Field(description="Its upper end.", examples=[0.00119])
    pd_scorecard: float = Field(description="The logistic scorecard's probability within 1 year.", examples=[0.00126])
    pd_lightgbm: float = Field(description="The LightGBM model's probability within 1 year.", examples=[0.00081])
    grade: str = Field(description="The grade on the tenant's master scale.", examples=["AN02"])
    risk_level: RiskLevel = Field(
        description="The grade's level. By default LOW below 0.6 %, MEDIUM below 2 %, HIGH below 5 %, else CRITICAL."
    )
    reason_codes: list[str] = Field(
        description="The strongest reasons first, each `ratio.state.direction`.",
        examples=[["net_income_margin.value.lowers", "return_on_assets.value.lowers"]],
    )
    reasons: list[ReasonOut] | None = Field(
        description="The strongest first; null where the files of the model version are no longer at hand."
    )
    flags: list[str] = Field(
        description="Remarks on inputs, each `code:ratio` with the code missing, out_of_range, degenerate, or one that "
        "names what looks wrong in the accounts, such as margin_contradicts_return.",
        examples=[[]],
    )


class RowError(ResponseModel):
    """Why a row of the file is not stored."""

    row_number: int = Field(description="The line of the file.", examples=[17])
    outcome: RowOutcome = Field(description="Whether it is wrong, or left out without being wrong.")
    company: str | None = Field(description="As the row names it, if it does.", examples=["Northwind Energy Corp"])
    column: str | None = Field(description="The column at fault, if one is.", examples=["net_income_margin"])
    code: str = Field(description="A stable name of the fault.", examples=["not_a_number"])
    message: str = Field(
        description="What is wrong and what to do, in one sentence.",
        examples=["Give a number, or leave the cell blank where the ratio is missing."],
    )
    value: str | None = Field(description="What the cell holds.", examples=["4,1 percent"])
