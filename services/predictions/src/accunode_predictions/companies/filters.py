"""What the list of companies can be narrowed to, and sorted by."""

from typing import Annotated

from fastapi import Depends, Query
from pydantic import BaseModel, ConfigDict, Field

from accunode_common.http.pagination import Sorting, SortOrder
from accunode_common.models.columns import AccessLevel
from accunode_credit.models.credit import Company
from accunode_scoring import RiskLevel


class CompanyFilters(BaseModel):
    """The filters of the list; those left out leave everything in."""

    model_config = ConfigDict(frozen=True)

    symbol: str | None = Field(default=None, max_length=100, description="Exactly this symbol, in any case.")
    sector: str | None = Field(default=None, max_length=200, description="Exactly this sector.")
    risk_level: RiskLevel | None = Field(
        default=None, description="The level of the newest prediction; of the annual one when the periods end together."
    )
    access_level: AccessLevel | None = Field(default=None, description="Only companies of this level.")
    search: str | None = Field(
        default=None,
        min_length=1,
        max_length=100,
        description="Words of the name, in any order and case, each whole or its beginning, with their signs. Where no"
        " name has these, any part of the name.",
    )


Filters = Annotated[CompanyFilters, Query()]

_sorting = Sorting(
    {"created_at": Company.id, "name": Company.name_key},
    default="-created_at",
    key=Company.id,
)
Order = Annotated[SortOrder, Depends(_sorting)]
