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
    "amount": "In million units of currency.",
}


def describe(ratio: Ratio, kind: Kind) -> str:
    """A ratio's definition, unit and period in words."""
    period = " Over the trailing twelve months." if kind is Kind.QUARTERLY else ""
    return f"{ratio.definition} {_UNITS[ratio.unit]}{period}"


def _description(kind: Kind, name: str) -> str:
    return next(describe(ratio, kind) for ratio in RATIOS[kind] if ratio.name == name)


def _check_ratio(value: Any) -> Any:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise PydanticCustomError("not_a_number", "Give a number, or null where the ratio is missing.")
    if not math.isfinite(value):
        raise PydanticCustomError("not_finite", "Infinities and NaN are no ratios; give null where it is missing.")
    if abs(value) >= SENTINEL:
        raise PydanticCustomError("sentinel", "A magnitude of 1,000,000 or more is a placeholder, not a measurement.")
    return float(value)


class StoredKind(StrEnum):
    """The kinds of prediction that this service stores."""

    ANNUAL = "annual"
    QUARTERLY = "quarterly"


RatioValue = Annotated[float | None, BeforeValidator(_check_ratio)]


def _input(kind: Kind, name: str) -> Any:
    return Field(default=None, description=f"{_description(kind, name)} Null where missing.")


def _output(kind: Kind, name: str) -> Any:
    return Field(description=f"{_description(kind, name)} Null where missing.")


class RatioInput(InputModel):
    """The base of ratio inputs: at least one ratio must be there."""

    @model_validator(mode="after")
    def _has_a_ratio(self) -> "RatioInput":
        if all(getattr(self, name) is None for name in type(self).model_fields):
            raise PydanticCustomError("no_ratios", "Every ratio is missing; at least one is needed.")
        return self

    def values(self) -> dict[str, float | None]:
        """The ratios by column name."""
        return {name: getattr(self, name) for name in type(self).model_fields}


class AnnualRatios(RatioInput):
    """The ratios of one fiscal year."""

    long_term_debt_to_total_capital: RatioValue = _input(Kind.ANNUAL, "long_term_debt_to_total_capital")
    total_debt_to_ebitda: RatioValue = _input(Kind.ANNUAL, "total_debt_to_ebitda")
    net_income_margin: RatioValue = _input(Kind.ANNUAL, "net_income_margin")
    ebit_to_interest_expense: RatioValue = _input(Kind.ANNUAL, "ebit_to_interest_expense")
    return_on_assets: RatioValue = _input(Kind.ANNUAL, "return_on_assets")


class QuarterlyRatios(RatioInput):
    """The ratios at one quarter's end, over the trailing twelve months."""

    total_debt_to_ebitda: RatioValue = _input(Kind.QUARTERLY, "total_debt_to_ebitda")
    sga_margin: RatioValue = _input(Kind.QUARTERLY, "sga_margin")
    long_term_debt_to_total_capital: RatioValue = _input(Kind.QUARTERLY, "long_term_debt_to_total_capital")
    return_on_capital: RatioValue = _input(Kind.QUARTERLY, "return_on_capital")


class AnnualRatioValues(ResponseModel):
    """The ratios as given."""

    long_term_debt_to_total_capital: float | None = _output(Kind.ANNUAL, "long_term_debt_to_total_capital")
    total_debt_to_ebitda: float | None = _output(Kind.ANNUAL, "total_debt_to_ebitda")
    net_income_margin: float | None = _output(Kind.ANNUAL, "net_income_margin")
    ebit_to_interest_expense: float | None = _output(Kind.ANNUAL, "ebit_to_interest_expense")
    return_on_assets: float | None = _output(Kind.ANNUAL, "return_on_assets")


class QuarterlyRatioValues(ResponseModel):
    """The ratios as given, over the trailing twelve months."""

    total_debt_to_ebitda: float | None = _output(Kind.QUARTERLY, "total_debt_to_ebitda")
    sga_margin: float | None = _output(Kind.QUARTERLY, "sga_margin")
    long_term_debt_to_total_capital: float | None = _output(Kind.QUARTERLY, "long_term_debt_to_total_capital")
    return_on_capital: float | None = _output(Kind.QUARTERLY, "return_on_capital")


def columns_of(kind: Kind) -> tuple[str, ...]:
    """The ratio columns of a kind."""
    values = AnnualRatioValues if kind is Kind.ANNUAL else QuarterlyRatioValues
    return tuple(values.model_fields)
