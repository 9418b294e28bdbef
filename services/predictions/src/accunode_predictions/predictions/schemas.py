"""Predictions as clients send and receive them."""

from typing import Annotated, Any
from uuid import UUID

from pydantic import Field, JsonValue, model_validator
from pydantic_core import PydanticCustomError

from accunode_common.http.schemas import InputModel, ResponseModel, UtcTime
from accunode_common.models.columns import AccessLevel
from accunode_common.models.credit import RiskLevelName
from accunode_predictions.companies.schemas import CompanyFields
from accunode_predictions.fields import (
    AnnualRatios,
    AnnualRatioValues,
    QuarterlyRatios,
    QuarterlyRatioValues,
)
from accunode_predictions.scored import Scored
from accunode_predictions.statements import DerivedRatios, StatementAmounts, StatementAmountValues
from accunode_scoring import Reason

FiscalYear = Annotated[int, Field(strict=True, ge=1900, le=2100, examples=[2024])]
FiscalQuarter = Annotated[int, Field(strict=True, ge=1, le=4, examples=[2])]
Probability = Annotated[float, Field(description="A fraction in [0, 1].")]

_ANNUAL_RATIOS: dict[str, JsonValue] = {
    "long_term_debt_to_total_capital": 42.5,
    "total_debt_to_ebitda": 3.2,
    "net_income_margin": 4.1,
    "ebit_to_interest_expense": 4.8,
    "return_on_assets": 3.7,
}
_QUARTERLY_RATIOS: dict[str, JsonValue] = {
    "total_debt_to_ebitda": 3.2,
    "sga_margin": 21.0,
    "long_term_debt_to_total_capital": 42.5,
    "return_on_capital": 9.4,
}
_AMOUNTS: dict[str, JsonValue] = {
    "total_assets_musd": 850.0,
    "total_liabilities_musd": 510.0,
    "long_term_debt_musd": 240.0,
    "current_assets_musd": 320.0,
    "current_liabilities_musd": 190.0,
    "net_sales_musd": 940.0,
    "cogs_musd": 610.0,
    "operating_expenses_musd": 820.0,
    "depreciation_musd": 45.0,
    "net_income_musd": 38.0,
    "inventory_musd": 95.0,
    "receivables_musd": 130.0,
    "retained_earnings_musd": 160.0,
}
_COMPANY: dict[str, JsonValue] = {"name": "Northwind Energy Corp", "symbol": "NWEC", "sector": "Utilities"}


class PredictionInput(InputModel):
    """What every new prediction says: whose it is."""

    company_id: UUID | None = Field(default=None, description="An existing company; else give `company`.")
    company: CompanyFields | None = Field(
        default=None,
        description="Found by symbol, else by name, among the records of `access_level`; created if it is new, "
        "and otherwise left as it is.",
    )
    access_level: AccessLevel | None = Field(
        default=None,
        description="With `company`: whose records it is looked for and stored among; `personal` if left out. "
        "With `company_id`: the company's own level applies, and any other is refused.",
    )

    @model_validator(mode="after")
    def _names_one_company(self) -> "PredictionInput":
        if (self.company_id is None) == (self.company is None):
            raise PydanticCustomError("company", "Give either `company_id` or `company`.")
        return self


class AnnualPredictionInput(PredictionInput):
    """A new prediction from the ratios of one fiscal year."""

    model_config = {
        "json_schema_extra": {
            "examples": [
                {"company": _COMPANY, "access_level": "organization", "fiscal_year": 2024, "ratios": _ANNUAL_RATIOS}
            ]
        }
    }

    fiscal_year: FiscalYear
    ratios: AnnualRatios

    @property
    def inputs(self) -> AnnualRatios:
        """What is scored."""
        return self.ratios


class QuarterlyPredictionInput(PredictionInput):
    """A new prediction from the ratios of the trailing twelve months at a quarter's end."""

    model_config = {
        "json_schema_extra": {
            "examples": [
                {
                    "company": _COMPANY,
                    "access_level": "organization",
                    "fiscal_year": 2024,
                    "fiscal_quarter": 2,
                    "ratios": _QUARTERLY_RATIOS,
                }
            ]
        }
    }

    fiscal_year: FiscalYear
    fiscal_quarter: FiscalQuarter
    ratios: QuarterlyRatios

    @property
    def inputs(self) -> QuarterlyRatios:
        """What is scored."""
        return self.ratios


class StatementPredictionInput(PredictionInput):
    """A new prediction from the amounts of a financial statement."""

    model_config = {
        "json_schema_extra": {
            "examples": [
                {"company": _COMPANY, "access_level": "organization", "fiscal_year": 2024, "amounts": _AMOUNTS}
            ]
        }
    }

    fiscal_year: FiscalYear
    amounts: StatementAmounts

    @property
    def inputs(self) -> StatementAmounts:
        """What is scored."""
        return self.amounts


class AnnualRescoring(InputModel):
    """Scores a prediction again with the model that serves now."""

    ratios: AnnualRatios | None = Field(default=None, description="Restated ratios; the stored ones if left out.")

    @property
    def inputs(self) -> AnnualRatios | None:
        """What is scored instead of what is stored."""
        return self.ratios


class QuarterlyRescoring(InputModel):
    """Scores a prediction again with the model that serves now."""

    ratios: QuarterlyRatios | None = Field(default=None, description="Restated ratios; the stored ones if left out.")

    @property
    def inputs(self) -> QuarterlyRatios | None:
        """What is scored instead of what is stored."""
        return self.ratios


class StatementRescoring(InputModel):
    """Scores a prediction again with the model that serves now."""

    amounts: StatementAmounts | None = Field(default=None, description="Restated amounts; the stored ones if left out.")

    @property
    def inputs(self) -> StatementAmounts | None:
        """What is scored instead of what is stored."""
        return self.amounts


AnyPredictionInput = AnnualPredictionInput | QuarterlyPredictionInput | StatementPredictionInput
AnyRescoring = AnnualRescoring | QuarterlyRescoring | StatementRescoring


class CompanyReference(ResponseModel):
    """The company of a prediction."""

    id: UUID
    name: str
    symbol: str | None
    sector: str | None


class ScoreFields(Scored):
    """A score: probabilities of default, and what became of them."""

    pd: Probability = Field(description="The ensemble's probability of default within 1 year, a fraction in [0, 1].")
    pd_2y: Probability = Field(description="The same within 2 years.")
    pd_3y: Probability = Field(description="The same within 3 years.")
    pd_scorecard: Probability = Field(description="The logistic scorecard's probability within 1 year.")
    pd_lightgbm: Probability = Field(description="The LightGBM model's probability within 1 year.")
    pd_low: Probability = Field(
        description="Lower end of the 95 % confidence interval of `pd` against the choice of training companies."
    )
    pd_high: Probability = Field(description="Its upper end.")
    grade: str = Field(description="The grade on the tenant's master scale.")
    risk_level: RiskLevelName = Field(description="LOW below 2 %, MEDIUM below 5 %, HIGH below 15 %, else CRITICAL.")
    reason_codes: list[str] = Field(
        description="The strongest reasons first, each `ratio.state.direction`; the explanation has them in words."
    )
    flags: list[str] = Field(
        description="Remarks on inputs, each `code:ratio` with the code missing, out_of_range or degenerate."
    )


class PredictionFields(ScoreFields):
    """A stored prediction, but for its ratios."""

    id: UUID
    company: CompanyReference
    fiscal_year: int
    access_level: AccessLevel
    organization_id: UUID | None
    created_by: UUID
    job_id: UUID | None = Field(description="The bulk upload it came from, if any.")
    row_number: int | None = Field(description="Its row in that upload.")
    created_at: UtcTime
    updated_at: UtcTime
    version: int = Field(description="Rises with every change; the ETag.")


class AnnualPrediction(PredictionFields):
    """A stored prediction from annual ratios."""

    fiscal_quarter: None = Field(description="Always null.")
    ratios: AnnualRatioValues


class QuarterlyPrediction(PredictionFields):
    """A stored prediction from trailing-twelve-month ratios."""

    fiscal_quarter: int = Field(description="1 to 4.")
    ratios: QuarterlyRatioValues


class StatementPrediction(PredictionFields):
    """A stored prediction from the amounts of a statement."""

    fiscal_quarter: None = Field(description="Always null.")
    amounts: StatementAmountValues
    ratios: DerivedRatios


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

    @classmethod
    def of(cls, reason: Reason) -> "ReasonOut":
        """The reason as clients get it."""
        return cls(
            code=reason.code,
            ratio=reason.column,
            value=reason.value,
            direction=reason.direction,
            percentile=reason.percentile,
            contribution=reason.contribution,
            text=reason.text,
        )


class AnnualPredictionDetail(AnnualPrediction):
    """A prediction with its reasons in words."""

    reasons: list[ReasonOut] | None = Field(
        description="The strongest first; null where the files of its model version are no longer at hand."
    )


class QuarterlyPredictionDetail(QuarterlyPrediction):
    """A prediction with its reasons in words."""

    reasons: list[ReasonOut] | None = Field(
        description="The strongest first; null where the files of its model version are no longer at hand."
    )


class StatementPredictionDetail(StatementPrediction):
    """A prediction with its reasons in words."""

    reasons: list[ReasonOut] | None = Field(
        description="The strongest first; null where the files of its model version are no longer at hand."
    )


PredictionDetail = AnnualPredictionDetail | QuarterlyPredictionDetail | StatementPredictionDetail


class EarlierVersion(Scored):
    """A prediction as it was before a rescoring."""

    version: int
    replaced_at: UtcTime
    replaced_by: UUID
    snapshot: dict[str, Any] = Field(description="Ratios, score, flags and source of that version.")


class VersionList(ResponseModel):
    """The earlier versions of a prediction, newest first; the prediction itself is the current one."""

    prediction_id: UUID
    current_version: int
    items: list[EarlierVersion]
