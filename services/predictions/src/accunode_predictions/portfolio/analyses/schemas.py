"""What is asked of the workers about a portfolio."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from accunode_common.models.columns import AccessLevel
from accunode_common.schemas import InputModel
from accunode_credit.columns import INPUTS
from accunode_scoring import SENTINEL, Kind, RiskLevel

Version = Annotated[
    str | None,
    Field(default=None, max_length=100, description="A version of the registry; the one that serves if left out."),
]


class RescoreRequest(InputModel):
    """Which predictions are scored again, and with what."""

    kind: Kind = Field(description="Whose predictions are scored again.")
    model_version: Version = None


class Operation(StrEnum):
    """What a shock does to a ratio."""

    ADD = "add"
    MULTIPLY = "multiply"


class RatioShock(InputModel):
    """A change of one ratio in every company. Missing ratios stay missing, and so do negative multiples of debt."""

    ratio: str = Field(max_length=100, description="The ratio's column name.", examples=["return_on_assets"])
    operation: Operation = Field(description="`add` in the ratio's own unit, or `multiply`.", examples=["add"])
    value: float = Field(description="What is added, or the factor, which is at least 0.", examples=[-5.0])

    @model_validator(mode="after")
    def _is_a_shock(self) -> "RatioShock":
        if self.operation is Operation.MULTIPLY and not 0 <= self.value <= 100:
            raise PydanticCustomError("factor", "A factor lies between 0 and 100.")
        if abs(self.value) >= SENTINEL:
            raise PydanticCustomError("sentinel", "A magnitude of 1,000,000 or more is no shock.")
        return self


class PortfolioFilters(InputModel):
    """Which companies a scenario is about, by their newest prediction; what is left out leaves everything in."""

    sectors: list[Annotated[str, StringConstraints(max_length=200)]] = Field(
        default=[], max_length=100, description="Only companies of exactly these sectors.", examples=[["Utilities"]]
    )
    grades: list[Annotated[str, StringConstraints(max_length=50)]] = Field(
        default=[], max_length=100, description="Only companies of these grades on the tenant's master scale."
    )
    risk_levels: list[RiskLevel] = Field(default=[], max_length=4, description="Only companies of these risk levels.")
    fiscal_year: int | None = Field(default=None, ge=1900, le=2100, description="Only predictions of this year.")
    access_level: AccessLevel | None = Field(
        default=None,
        description="Only records of this level; if left out, their organization's for its members, and for others all "
        "that they see of their tenant. Only a run over an organization's records is seen by others.",
    )


class StressRequest(InputModel):
    """A scenario."""

    name: str | None = Field(
        default=None, max_length=200, description="What the scenario is called.", examples=["Recession"]
    )
    kind: Kind = Field(default=Kind.ANNUAL, description="Whose predictions are stressed.")
    model_version: Version = None
    shocks: list[RatioShock] = Field(
        min_length=1, max_length=50, description="The changes, one per ratio at most, all at once."
    )
    filters: PortfolioFilters = Field(
        default=PortfolioFilters(), description="Which companies; all of them if left out."
    )

    @model_validator(mode="after")
    def _shocks_known_ratios_once(self) -> "StressRequest":
        names, known = [shock.ratio for shock in self.shocks], INPUTS[self.kind]
        unknown = sorted(set(names) - set(known))
        if unknown:
            listed = {"unknown": ", ".join(unknown), "known": ", ".join(known)}
            raise PydanticCustomError("unknown_ratio", "There is no {unknown}; the ratios are {known}.", listed)
        if len(set(names)) < len(names):
            raise PydanticCustomError("repeated_ratio", "Each ratio can have one shock.")
        return self
