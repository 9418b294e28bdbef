"""Input and output fields that several features share, with their units."""

import math
from typing import Annotated, Any

from fastapi import Path
from pydantic import BeforeValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from accunode_common.models.columns import AccessLevel
from accunode_common.schemas import InputModel, ResponseModel
from accunode_credit.examples import UNITS, VALUES
from accunode_scoring import RATIOS, Kind, Ratio, RiskLevel
from accunode_scoring.checks import SENTINEL

KindPath = Annotated[Kind, Path(description="Which inputs the prediction was made from.")]
Count = Annotated[int, Field(description="How many there are.", examples=[137])]
FiscalPeriodYear = Annotated[int, Field(description="The fiscal year.", examples=[2024])]
FiscalPeriodQuarter = Annotated[
    int | None, Field(description="The fiscal quarter, 1 to 4; null unless quarterly.", examples=[None])
]
GradeName = Annotated[str, Field(description="The grade on the tenant's master scale.", examples=["AN02"])]
Level = Annotated[
    RiskLevel,
    Field(
        description="The grade's level. By default LOW below 0.6 %, MEDIUM below 2 %, HIGH below 5 %, else CRITICAL."
    ),
]
Owners = Annotated[AccessLevel, Field(description="Whose record it is, and so who sees it.", examples=["organization"])]
RatioName = Annotated[str, Field(description="The ratio's column name.", examples=["return_on_assets"])]
RatioLabel = Annotated[str, Field(description="What people call the ratio.", examples=["Return on assets"])]


def describe(ratio: Ratio, kind: Kind) -> str:
    """A ratio's definition, unit and period in words."""
    period = " Over the trailing twelve months." if kind is Kind.QUARTERLY else ""
    return f"{ratio.definition} {UNITS[ratio.unit].sentence}{period}"


def _description(kind: Kind, name: str) -> str:
    return next(describe(ratio, kind) for ratio in RATIOS[kind] if ratio.name == name)


def check_number(value: Any, sentinel: float) -> Any:
    """A value as a number, or None where missing.

    Raises:
        PydanticCustomError: It is none, not finite, or as large as a placeholder.
    """
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise PydanticCustomError("not_a_number", "Give a number, or null where the ratio is missing.")
    if not math.isfinite(value):
        raise PydanticCustomError("not_finite", "Infinities and NaN are no ratios; give null where it is missing.")
    if abs(value) >= sentinel:
        limit = {"limit": f"{sentinel:,.0f}"}
        raise PydanticCustomError(
            "sentinel", "A magnitude of {limit} or more is a placeholder, not a measurement.", limit
        )
    return float(value)


def _check_ratio(value: Any) -> Any:
    return check_number(value, SENTINEL)


RatioValue = Annotated[float | None, BeforeValidator(_check_ratio)]


def input_field(kind: Kind, name: str, *, required: bool = False) -> Any:
    """The field of an input."""
    examples = [VALUES[name]] if name in VALUES else None
    if required:
        return Field(description=_description(kind, name), examples=examples)
    return Field(default=None, description=f"{_description(kind, name)} Null where missing.", examples=examples)


def output_field(kind: Kind, name: str) -> Any:
    """The field of an input as it was given."""
    return Field(description=f"{_description(kind, name)} Null where missing.", examples=[VALUES.get(name)])


class InputValues(InputModel):
    """The base of what is scored: at least one value must be there."""

    @model_validator(mode="after")
    def _has_a_ratio(self) -> "InputValues":
        if all(getattr(self, name) is None for name in type(self).model_fields):
            raise PydanticCustomError("no_ratios", "Every value is missing; at least one is needed.")
        return self

    def values(self) -> dict[str, float | None]:
        """The values by column name."""
        return {name: getattr(self, name) for name in type(self).model_fields}


class AnnualRatios(InputValues):
    """The ratios of one fiscal year."""

    long_term_debt_to_total_capital: RatioValue = input_field(Kind.ANNUAL, "long_term_debt_to_total_capital")
    total_debt_to_ebitda: RatioValue = input_field(Kind.ANNUAL, "total_debt_to_ebitda")
    net_income_margin: RatioValue = input_field(Kind.ANNUAL, "net_income_margin")
    ebit_to_interest_expense: RatioValue = input_field(Kind.ANNUAL, "ebit_to_interest_expense")
    return_on_assets: RatioValue = input_field(Kind.ANNUAL, "return_on_assets")


class QuarterlyRatios(InputValues):
    """The ratios at one quarter's end, over the trailing twelve months."""

    total_debt_to_ebitda: RatioValue = input_field(Kind.QUARTERLY, "total_debt_to_ebitda")
    sga_margin: RatioValue = input_field(Kind.QUARTERLY, "sga_margin")
    long_term_debt_to_total_capital: RatioValue = input_field(Kind.QUARTERLY, "long_term_debt_to_total_capital")
    return_on_capital: RatioValue = input_field(Kind.QUARTERLY, "return_on_capital")


class AnnualRatioValues(ResponseModel):
    """The ratios as given."""

    long_term_debt_to_total_capital: float | None = output_field(Kind.ANNUAL, "long_term_debt_to_total_capital")
    total_debt_to_ebitda: float | None = output_field(Kind.ANNUAL, "total_debt_to_ebitda")
    net_income_margin: float | None = output_field(Kind.ANNUAL, "net_income_margin")
    ebit_to_interest_expense: float | None = output_field(Kind.ANNUAL, "ebit_to_interest_expense")
    return_on_assets: float | None = output_field(Kind.ANNUAL, "return_on_assets")


class QuarterlyRatioValues(ResponseModel):
    """The ratios as given, over the trailing twelve months."""

    total_debt_to_ebitda: float | None = output_field(Kind.QUARTERLY, "total_debt_to_ebitda")
    sga_margin: float | None = output_field(Kind.QUARTERLY, "sga_margin")
    long_term_debt_to_total_capital: float | None = output_field(Kind.QUARTERLY, "long_term_debt_to_total_capital")
    return_on_capital: float | None = output_field(Kind.QUARTERLY, "return_on_capital")
