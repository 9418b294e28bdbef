"""Input and output fields that several features share, with their units."""

import math
from enum import StrEnum
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from accunode_common.http.schemas import InputModel, ResponseModel
from accunode_scoring import RATIOS, Kind, Ratio
from accunode_scoring.checks import SENTINEL

_UNITS = {
    "percent": "A percent number: 12.5 means 12.5 %.",
    "multiple": "A plain multiple: 3.2 means 3.2x.",
    "amount": "In million US dollars.",
    "days": "In days.",
}


def describe(ratio: Ratio, kind: Kind) -> str:
    """A ratio's definition, unit and period in words."""
    period = " Over the trailing twelve months." if kind is Kind.QUARTERLY else ""
    return f"{ratio.definition} {_UNITS[ratio.unit]}{period}"


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


class StoredKind(StrEnum):
    """The kinds of prediction that this service stores."""

    ANNUAL = "annual"
    QUARTERLY = "quarterly"
    STATEMENT = "statement"


RatioValue = Annotated[float | None, BeforeValidator(_check_ratio)]


def input_field(kind: Kind, name: str, *, required: bool = False) -> Any:
    """The field of an input."""
    if required:
        return Field(description=_description(kind, name), examples=[850.0])
    return Field(default=None, description=f"{_description(kind, name)} Null where missing.")


def output_field(kind: Kind, name: str) -> Any:
    """The field of an input as it was given."""
    return Field(description=f"{_description(kind, name)} Null where missing.")


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


def columns_of(kind: Kind) -> tuple[str, ...]:
    """The input columns of a kind."""
    return tuple(ratio.name for ratio in RATIOS[kind])
