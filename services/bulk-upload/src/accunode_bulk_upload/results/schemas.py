"""What became of a file's rows, as clients see it."""

from uuid import UUID

from pydantic import Field

from accunode_common.http.schemas import ResponseModel
from accunode_credit.models.bulk import RowOutcome
from accunode_scoring import RiskLevel

REASON = "Return on assets of 3.7 % is higher than that of 60 % of companies, which lowers the probability of default."


class ReasonOut(ResponseModel):
    """Why the probability is what it is."""

    code: str = Field(description="`ratio.state.direction`, stable.", examples=["return_on_assets.value.lowers"])
    ratio: str = Field(description="The ratio's column name.", examples=["return_on_assets"])
    value: float | None = Field(description="The ratio as given; null where missing.", examples=[3.7])
    direction: str = Field(description="`raises` or `lowers` the probability of default.", examples=["lowers"])
    percentile: float | None = Field(
        description="Share, 0 to 100, of the reference population with a lower value; null where missing.",
        examples=[60.2],
    )
    contribution: float = Field(description="In log-odds of `pd`.", examples=[-0.455])
    text: str = Field(
        description="The reason in a sentence.",
        examples=[REASON],
    )


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
        examples=[
            {
                "long_term_debt_to_total_capital": 42.5,
                "total_debt_to_ebitda": 3.2,
                "net_income_margin": 4.1,
                "ebit_to_interest_expense": 4.8,
                "return_on_assets": 3.7,
            }
        ],
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
    grade: str = Field(description="The grade on the tenant's master scale.", examples=["A2"])
    risk_level: RiskLevel = Field(description="LOW below 2 %, MEDIUM below 5 %, HIGH below 15 %, else CRITICAL.")
    reason_codes: list[str] = Field(
        description="The strongest reasons first, each `ratio.state.direction`.",
        examples=[["net_income_margin.value.lowers", "return_on_assets.value.lowers"]],
    )
    reasons: list[ReasonOut] | None = Field(
        description="The strongest first; null where the files of the model version are no longer at hand."
    )
    flags: list[str] = Field(
        description="Remarks on inputs: missing, out_of_range or degenerate, and the ratio.",
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
