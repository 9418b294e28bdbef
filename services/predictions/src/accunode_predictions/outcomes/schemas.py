"""Outcomes as clients send and receive them."""

from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from accunode_common.names import name_key
from accunode_common.schemas import CreatedAt, CreatedBy, InputModel, OrganizationId, ResponseModel
from accunode_credit.companies import CompanyReference
from accunode_predictions.companies.schemas import ExternalId, Name, Symbol
from accunode_predictions.schema_fields import Owners

MOST_ITEMS = 1000


class OutcomeEvent(StrEnum):
    """How an obligor defaulted."""

    BANKRUPTCY = "bankruptcy"
    LIQUIDATION = "liquidation"
    PAYMENT_DEFAULT = "payment_default"
    DISTRESSED_EXCHANGE = "distressed_exchange"
    RESTRUCTURING = "restructuring"
    OTHER = "other"


def _in_the_past(day: date) -> date:
    if day.year < 1900 or day > datetime.now(UTC).date():
        raise PydanticCustomError("date", "A default has a day since 1900, and none in the future.")
    return day


Day = Annotated[
    date, AfterValidator(_in_the_past), Field(description="The day of the default.", examples=["2024-05-06"])
]
Event = Annotated[OutcomeEvent, Field(description="How it came about.", examples=["bankruptcy"])]


class OutcomeInput(InputModel):
    """A default."""

    defaulted_on: Day
    event: Event = OutcomeEvent.OTHER


class OutcomeItem(OutcomeInput):
    """A default of a company that is named in one way."""

    symbol: Symbol | None = None
    external_id: ExternalId | None = Field(default=None, description="The company's id elsewhere.")
    name: Name | None = Field(default=None, description="The company's name; case and spacing make no difference.")

    @model_validator(mode="after")
    def _names_a_company(self) -> "OutcomeItem":
        if (self.symbol, self.external_id, self.name).count(None) != 2:
            raise PydanticCustomError("company", "Give one of `symbol`, `external_id` and `name`.")
        return self

    @property
    def company(self) -> CompanyReference:
        """What the company is found by."""
        key = None if self.name is None else name_key(self.name)
        return CompanyReference(symbol=self.symbol, external_id=self.external_id, name_key=key)


class OutcomeItems(InputModel):
    """Up to 1,000 defaults."""

    items: list[OutcomeItem] = Field(
        min_length=1,
        max_length=MOST_ITEMS,
        description="The defaults, each of one company.",
        examples=[[{"symbol": "NWEC", "defaulted_on": "2024-05-06", "event": "bankruptcy"}]],
    )


class OutcomeOut(ResponseModel):
    """A default of a company."""

    id: UUID = Field(description="For DELETE /companies/{company_id}/outcomes/{outcome_id}.")
    company_id: UUID = Field(description="The company that defaulted.")
    defaulted_on: date = Field(description="The day of the default.", examples=["2024-05-06"])
    event: str = Field(description="How it came about.", examples=["bankruptcy"])
    access_level: Owners
    organization_id: OrganizationId
    created_by: CreatedBy
    created_at: CreatedAt


class OutcomeList(ResponseModel):
    """The defaults of a company, the earliest first."""

    items: list[OutcomeOut] = Field(description="The defaults, the earliest first.")


class ItemStatus(StrEnum):
    """What became of an item."""

    CREATED = "created"
    EXISTING = "existing"
    REJECTED = "rejected"


class ItemResult(ResponseModel):
    """What became of one item."""

    index: int = Field(
        description="Its place among the items, from 0; of a CSV file, its place below the header.", examples=[0]
    )
    status: ItemStatus = Field(description="What became of it.")
    company_id: UUID | None = Field(description="The company that was found; null where rejected.")
    code: str | None = Field(
        description="`unknown_company` or `ambiguous_company`; null unless rejected.", examples=[None]
    )
    message: str | None = Field(description="Why it was rejected, in one sentence; else null.", examples=[None])


class ImportResult(ResponseModel):
    """What became of every item, in their order."""

    created: int = Field(description="Defaults that are new.", examples=[1])
    existing: int = Field(description="Known already, or given twice.", examples=[0])
    rejected: int = Field(description="Those whose company was not found, or is not the only one.", examples=[0])
    items: list[ItemResult] = Field(description="What became of each, in their order.")
