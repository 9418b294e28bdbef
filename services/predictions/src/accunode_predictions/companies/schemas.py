"""Companies as clients send and receive them."""

from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints

from accunode_common.http.schemas import InputModel, ResponseModel, UtcTime
from accunode_common.models.columns import AccessLevel
from accunode_common.models.credit import RiskLevelName
from accunode_common.names import clean_name, clean_symbol
from accunode_predictions.scored import Scored


def _upper(value: Any) -> Any:
    return clean_symbol(value) if isinstance(value, str) else value


Name = Annotated[str, StringConstraints(min_length=1, max_length=300), AfterValidator(clean_name)]
Symbol = Annotated[
    str,
    BeforeValidator(_upper),
    StringConstraints(pattern=r"^[A-Z0-9][A-Z0-9 .:/^&=_-]{0,31}$"),
    Field(description="Ticker or other short code, kept in upper case.", examples=["NWEC"]),
]
ExternalId = Annotated[str, StringConstraints(min_length=1, max_length=100)]
Sector = Annotated[str, StringConstraints(min_length=1, max_length=200), AfterValidator(clean_name)]
MarketCap = Annotated[Decimal, Field(ge=0, max_digits=20, decimal_places=2, description="In units of `currency`.")]
Currency = Annotated[
    str, BeforeValidator(_upper), StringConstraints(pattern=r"^[A-Z]{3}$"), Field(description="An ISO 4217 code.")
]


class CompanyFields(InputModel):
    """What describes a company."""

    name: Name = Field(examples=["Northwind Energy Corp"])
    symbol: Symbol | None = None
    external_id: ExternalId | None = Field(default=None, description="Its id elsewhere, such as a CIK or an LEI.")
    sector: Sector | None = Field(default=None, examples=["Utilities"])
    market_cap: MarketCap | None = None
    currency: Currency | None = None


class CompanyInput(CompanyFields):
    """A new company."""

    access_level: AccessLevel = Field(
        default=AccessLevel.PERSONAL,
        description="Who sees it: its creator, the creator's organization, or (super administrators only) everyone.",
    )


class CompanyPatch(InputModel):
    """Changes to a company: a field left out stays, null empties it."""

    name: Name | None = None
    symbol: Symbol | None = None
    external_id: ExternalId | None = None
    sector: Sector | None = None
    market_cap: MarketCap | None = None
    currency: Currency | None = None


class LatestPrediction(Scored):
    """The newest prediction of a kind, by its period."""

    id: UUID
    fiscal_year: int
    fiscal_quarter: int | None = Field(description="1 to 4; null for annual predictions.")
    pd: float = Field(description="Probability of default within one year, a fraction in [0, 1].")
    grade: str = Field(description="The grade on the tenant's master scale.")
    risk_level: RiskLevelName


class CompanyOut(ResponseModel):
    """A company with its newest predictions."""

    id: UUID
    name: str
    symbol: str | None
    external_id: str | None
    sector: str | None
    market_cap: Decimal | None = Field(description="In units of `currency`.")
    currency: str | None = Field(description="An ISO 4217 code.")
    access_level: AccessLevel
    organization_id: UUID | None = Field(description="The organization it belongs to, at the level `organization`.")
    created_by: UUID
    created_at: UtcTime
    updated_at: UtcTime
    version: int = Field(description="Rises with every change; the ETag.")
    latest_annual: LatestPrediction | None
    latest_quarterly: LatestPrediction | None
    latest_statement: LatestPrediction | None


class HistoryEntry(ResponseModel):
    """One prediction in a company's history."""

    prediction: LatestPrediction
    pd_change: float | None = Field(
        description="Difference of the probability to the prediction of the same kind before; null for the first."
    )
    grade_change: int | None = Field(
        description="Notches against the one before, positive when worse; null for the first, "
        "and where a grade is not on today's master scale."
    )
    created_at: UtcTime
    updated_at: UtcTime


class CompanyHistory(ResponseModel):
    """Every prediction of a company, oldest period first."""

    company_id: UUID
    items: list[HistoryEntry]
