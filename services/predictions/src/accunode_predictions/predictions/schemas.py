"""Predictions as clients send and receive them."""

from abc import ABC, abstractmethod
from typing import Annotated, Any
from uuid import UUID

from pydantic import ConfigDict, Field, JsonValue, model_validator
from pydantic_core import PydanticCustomError

from accunode_common.models.columns import AccessLevel
from accunode_common.schemas import (
    CreatedAt,
    CreatedBy,
    InputModel,
    OrganizationId,
    ResponseModel,
    UpdatedAt,
    UtcTime,
    Version,
)
from accunode_credit.examples import VALUES, example_of
from accunode_credit.reasons import ReasonOut
from accunode_predictions.companies.schemas import CompanyFields, CompanyName, ShownSector, ShownSymbol
from accunode_predictions.model_reference import Scored, scored_as
from accunode_predictions.schema_fields import (
    AnnualRatios,
    AnnualRatioValues,
    FiscalPeriodYear,
    GradeName,
    InputValues,
    Level,
    Owners,
    QuarterlyRatios,
    QuarterlyRatioValues,
)
from accunode_predictions.statements import DerivedRatios, StatementAmounts, StatementAmountValues, ratios_from
from accunode_scoring import Kind
from accunode_scoring.score import term_structure

FiscalYear = Annotated[FiscalPeriodYear, Field(strict=True, ge=1900, le=2100)]
FiscalQuarter = Annotated[int, Field(strict=True, ge=1, le=4, description="The fiscal quarter, 1 to 4.", examples=[2])]
Probability = Annotated[float, Field(description="A fraction in [0, 1].", examples=[0.00083])]

_COMPANY: dict[str, JsonValue] = {"name": "Northwind Energy Corp", "symbol": "NWEC", "sector": "Utilities"}


def _example(kind: Kind, **period: int) -> ConfigDict:
    inputs = "amounts" if kind is Kind.STATEMENT else "ratios"
    given: dict[str, JsonValue] = {"company": _COMPANY, "access_level": "organization", "fiscal_year": 2024}
    return ConfigDict(json_schema_extra={"examples": [{**given, **period, inputs: example_of(kind)}]})


class PredictionInput(InputModel, ABC):
    """What every new prediction says: whose it is, and of which year."""

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
    fiscal_year: FiscalYear

    @property
    def obligor(self) -> UUID | CompanyFields:
        """The company, by its id or by its fields."""
        match self.company_id, self.company:
            case UUID() as company_id, None:
                return company_id
            case None, CompanyFields() as company:
                return company
        raise PydanticCustomError("company", "Give either `company_id` or `company`.")

    @model_validator(mode="after")
    def _names_one_company(self) -> "PredictionInput":
        _ = self.obligor
        return self

    @property
    @abstractmethod
    def inputs(self) -> InputValues:
        """What is scored."""


class AnnualPredictionInput(PredictionInput):
    """A new prediction from the ratios of one fiscal year."""

    model_config = _example(Kind.ANNUAL)

    ratios: AnnualRatios = Field(description="The ratios of the fiscal year; at least one.")

    @property
    def inputs(self) -> AnnualRatios:
        """What is scored."""
        return self.ratios


class QuarterlyPredictionInput(PredictionInput):
    """A new prediction from the ratios of the trailing twelve months at a quarter's end."""

    model_config = _example(Kind.QUARTERLY, fiscal_quarter=2)

    fiscal_quarter: FiscalQuarter
    ratios: QuarterlyRatios = Field(description="The ratios of the four quarters that end with it; at least one.")

    @property
    def inputs(self) -> QuarterlyRatios:
        """What is scored."""
        return self.ratios


class StatementPredictionInput(PredictionInput):
    """A new prediction from the amounts of a financial statement."""

    model_config = _example(Kind.STATEMENT)

    amounts: StatementAmounts = Field(description="The statement's amounts.")

    @property
    def inputs(self) -> StatementAmounts:
        """What is scored."""
        return self.amounts


class Rescoring(InputModel, ABC):
    """Scores a prediction again with the model that serves now."""

    @property
    @abstractmethod
    def inputs(self) -> InputValues | None:
        """What is scored instead of what is stored."""


def _restated(kind: Kind, inputs: str) -> Any:
    return Field(
        default=None,
        description=f"Restated {inputs}; the stored ones if left out.",
        examples=[example_of(kind)],
    )


class AnnualRescoring(Rescoring):
    """Scores a prediction again with the model that serves now."""

    ratios: AnnualRatios | None = _restated(Kind.ANNUAL, "ratios")

    @property
    def inputs(self) -> AnnualRatios | None:
        """What is scored instead of what is stored."""
        return self.ratios


class QuarterlyRescoring(Rescoring):
    """Scores a prediction again with the model that serves now."""

    ratios: QuarterlyRatios | None = _restated(Kind.QUARTERLY, "ratios")

    @property
    def inputs(self) -> QuarterlyRatios | None:
        """What is scored instead of what is stored."""
        return self.ratios


class StatementRescoring(Rescoring):
    """Scores a prediction again with the model that serves now."""

    amounts: StatementAmounts | None = _restated(Kind.STATEMENT, "amounts")

    @property
    def inputs(self) -> StatementAmounts | None:
        """What is scored instead of what is stored."""
        return self.amounts


class CompanyReference(ResponseModel):
    """The company of a prediction."""

    id: UUID = Field(description="The company, under /companies.")
    name: CompanyName
    symbol: ShownSymbol
    sector: ShownSector


class ScoreFields(Scored):
    """A score: probabilities of default, and what became of them."""

    pd: Probability = Field(description="The ensemble's probability of default within 1 year, a fraction in [0, 1].")
    pd_2y: Probability = Field(description="The same within 2 years.", examples=[0.00271])
    pd_3y: Probability = Field(description="The same within 3 years.", examples=[0.00513])
    pd_scorecard: Probability = Field(
        description="The logistic scorecard's probability within 1 year.", examples=[0.00126]
    )
    pd_lightgbm: Probability = Field(description="The LightGBM model's probability within 1 year.", examples=[0.00081])
    pd_low: Probability = Field(
        description="Lower end of the 95 % confidence interval of `pd` against the choice of training companies.",
        examples=[0.00057],
    )
    pd_high: Probability = Field(description="Its upper end.", examples=[0.00119])
    log_odds_shift: float = Field(
        description="What the tenant's central tendency added to every log-odds of the score; 0 at the model's own "
        "level, which counts filings for bankruptcy in the United States.",
        examples=[0],
    )
    grade: GradeName
    risk_level: Level
    reason_codes: list[str] = Field(
        description="The strongest reasons first, each `ratio.state.direction`; the explanation has them in words.",
        examples=[["net_income_margin.value.lowers", "return_on_assets.value.lowers"]],
    )
    flags: list[str] = Field(
        description="Remarks on inputs, each `code:ratio` with the code missing, out_of_range, degenerate, or one that "
        "names what looks wrong in the accounts, such as margin_contradicts_return.",
        examples=[[]],
    )


class PredictionFields(ScoreFields):
    """A stored prediction, but for its ratios."""

    id: UUID = Field(description="Stays through every rescoring.")
    company: CompanyReference = Field(description="Whose default is predicted.")
    fiscal_year: FiscalPeriodYear
    access_level: Owners
    organization_id: OrganizationId
    created_by: CreatedBy
    job_id: UUID | None = Field(description="The bulk upload it came from, if any.", examples=[None])
    row_number: int | None = Field(description="Its row in that upload.", examples=[None])
    created_at: CreatedAt
    updated_at: UpdatedAt
    version: Version


class AnnualPrediction(PredictionFields):
    """A stored prediction from annual ratios."""

    fiscal_quarter: None = Field(description="Always null.")
    ratios: AnnualRatioValues = Field(description="As given.")


class QuarterlyPrediction(PredictionFields):
    """A stored prediction from trailing-twelve-month ratios."""

    model_config = scored_as(Kind.QUARTERLY)

    fiscal_quarter: int = Field(description="1 to 4.", examples=[2])
    ratios: QuarterlyRatioValues = Field(description="As given, over the trailing twelve months.")


class StatementPrediction(PredictionFields):
    """A stored prediction from the amounts of a statement."""

    model_config = scored_as(Kind.STATEMENT)

    fiscal_quarter: None = Field(description="Always null.")
    amounts: StatementAmountValues = Field(description="As given.")
    ratios: DerivedRatios = Field(
        description="The ratios that follow from the amounts.", examples=[ratios_from(VALUES).model_dump()]
    )


class YearOfTerm(ResponseModel):
    """A probability of default within some years."""

    years: int = Field(description="Within so many years, 1 to 5.", examples=[4])
    pd: Probability
    extrapolated: bool = Field(
        description="True for 4 and 5 years: each of these has the third year's probability of a default by companies "
        "that have not defaulted before.",
        examples=[True],
    )


class OfOneScore(ResponseModel):
    """What the score of one company says beside what a list says of it."""

    completeness: float = Field(
        description="The share of the inputs that are given, or follow from others as the cover of a company without "
        "debt does. The others are read as values that few companies alike are worse than, and the interval widens.",
        examples=[1.0],
    )
    term_structure: list[YearOfTerm] = Field(description="From 1 to 5 years; it never falls.")


def years_of_term(pd: float, pd_2y: float, pd_3y: float) -> list[YearOfTerm]:
    """The term structure of a score."""
    return [
        YearOfTerm(years=years, pd=within, extrapolated=years > 3)
        for years, within in enumerate(term_structure(pd, pd_2y, pd_3y), 1)
    ]


class WithReasons(OfOneScore):
    """What a single prediction says beside what a list says of it."""

    reasons: list[ReasonOut] | None = Field(
        description="The strongest first; null where the files of its model version are no longer at hand."
    )


class AnnualPredictionDetail(WithReasons, AnnualPrediction):
    """A prediction with its reasons in words."""


class QuarterlyPredictionDetail(WithReasons, QuarterlyPrediction):
    """A prediction with its reasons in words."""


class StatementPredictionDetail(WithReasons, StatementPrediction):
    """A prediction with its reasons in words."""


PredictionItem = AnnualPrediction | QuarterlyPrediction | StatementPrediction
PredictionDetail = AnnualPredictionDetail | QuarterlyPredictionDetail | StatementPredictionDetail


class EarlierVersion(Scored):
    """A prediction as it was before a rescoring."""

    version: int = Field(description="Its number, from 1.", examples=[1])
    replaced_at: UtcTime = Field(description="When the next version took its place.")
    replaced_by: UUID = Field(description="Who had it scored again.")
    snapshot: dict[str, Any] = Field(
        description="Ratios, score, flags and source of that version.",
        examples=[{"ratios": example_of(Kind.ANNUAL), "pd": 0.00083, "grade": "AN02", "flags": []}],
    )


class VersionList(ResponseModel):
    """The earlier versions of a prediction, newest first; the prediction itself is the current one."""

    prediction_id: UUID = Field(description="The prediction as it is now, under /predictions.")
    current_version: int = Field(description="The number of the version that it is now.", examples=[2])
    items: list[EarlierVersion] = Field(description="The earlier versions, newest first.")
