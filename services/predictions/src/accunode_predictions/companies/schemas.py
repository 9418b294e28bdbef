"""Companies as clients send and receive them."""

from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

from fastapi import Path
from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints

from accunode_common.models.columns import AccessLevel
from accunode_common.names import clean_name, clean_symbol
from accunode_common.schemas import CreatedAt, CreatedBy, InputModel, ResponseModel, UpdatedAt, Version
from accunode_predictions.model_reference import Scored
from accunode_predictions.schema_fields import FiscalPeriodQuarter, FiscalPeriodYear, GradeName, Level, Owners


def _upper(value: Any) -> Any:
    return clean_symbol(value) if isinstance(value, str) else value


CompanyPath = Annotated[UUID, Path(description="A company that the caller sees.")]
CompanyName = Annotated[
    str,
    Field(description="The company's name, unique among the records of its level.", examples=["Northwind Energy Corp"]),
]
ShownSymbol = Annotated[str | None, Field(description="Ticker or other short code, if it has one.", examples=["NWEC"])]
ShownSector = Annotated[str | None, Field(description="Sector or industry, if known.", examples=["Utilities"])]
Name = Annotated[CompanyName, StringConstraints(min_length=1, max_length=300), AfterValidator(clean_name)]
Symbol = Annotated[
    str,
    BeforeValidator(_upper),
    StringConstraints(pattern=r"^[A-Z0-9][A-Z0-9 .:/^&=_-]{0,31}$"),
    Field(description="Ticker or other short code, kept in upper case.", examples=["NWEC"]),
]
ExternalId = Annotated[
    str,
    StringConstraints(min_length=1, max_length=100),
    Field(description="Its id elsewhere, such as a CIK or an LEI."),
]
Sector = Annotated[
    str,
    StringConstraints(min_length=1, max_length=200),
    AfterValidator(clean_name),
    Field(description="Sector or industry, if known.", examples=["Utilities"]),
]
MarketCap = Annotated[
    Decimal,
    Field(ge=0, max_digits=20, decimal_places=2, description="In units of `currency`.", examples=["1250000000.00"]),
]
Currency = Annotated[
    str,
    BeforeValidator(_upper),
    StringConstraints(pattern=r"^[A-Z]{3}$"),
    Field(description="An ISO 4217 code.", examples=["USD"]),
]


class CompanyFields(InputModel):
    """What describes a company."""

    name: Name
    symbol: Symbol | None = None
    external_id: ExternalId | None = None
    sector: Sector | None = None
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

    id: UUID = Field(description="The prediction, under /predictions.")
    fiscal_year: FiscalPeriodYear
    fiscal_quarter: FiscalPeriodQuarter
    pd: float = Field(description="Probability of default within one year, a fraction in [0, 1].", examples=[0.00083])
    grade: GradeName
    risk_level: Level


class CompanyDescription(ResponseModel):
    """A company, but for its predictions."""

    id: UUID = Field(description="The `company_id` of its predictions and outcomes.")
    name: CompanyName
    symbol: ShownSymbol
    external_id: str | None = Field(
        description="Its id elsewhere, such as a CIK or an LEI.", examples=["529900T8BM49AURSDO55"]
    )
    sector: ShownSector
    market_cap: Decimal | None = Field(description="In units of `currency`.", examples=["1250000000.00"])
    currency: str | None = Field(description="An ISO 4217 code.", examples=["USD"])
    access_level: Owners
    organization_id: UUID | None = Field(description="The organization it belongs to, at the level `organization`.")
    created_by: CreatedBy
    created_at: CreatedAt
    updated_at: UpdatedAt
    version: Version


class CompanyOut(CompanyDescription):
    """A company with its newest predictions."""

    latest_annual: LatestPrediction | None = Field(description="That of the latest fiscal year, from annual ratios.")
    latest_quarterly: LatestPrediction | None = Field(
        description="That of the latest quarter, from quarterly ratios.", examples=[None]
    )
    latest_statement: LatestPrediction | None = Field(
        description="That of the latest fiscal year, from a statement.", examples=[None]
    )


class HistoryEntry(ResponseModel):
    """One prediction in a company's history."""

    prediction: LatestPrediction = Field(description="The score of its period.")
    pd_change: float | None = Field(
        description="Difference of the probability to the prediction of the same kind before; null for the first.",
        examples=[-0.00012],
    )
    grade_change: int | None = Field(
        description="Notches against the one before, positive when worse; null for the first, "
        "and where a grade is not on today's master scale.",
        examples=[0],
    )
    created_at: CreatedAt
    updated_at: UpdatedAt


class CompanyHistory(ResponseModel):
    """Every prediction of a company, oldest period first."""

    company_id: UUID = Field(description="The company, under /companies.")
    items: list[HistoryEntry] = Field(description="All its predictions, oldest period first.")
