"""What the list of outcomes can be narrowed to, and sorted by."""

from datetime import date
from typing import Annotated

from fastapi import Depends, Query
from pydantic import BaseModel, ConfigDict, Field

from accunode_common.http.pagination import Sorting, SortOrder
from accunode_credit.models.credit import Outcome


class OutcomeFilters(BaseModel):
    """The filters of the list; those left out leave everything in."""

    model_config = ConfigDict(frozen=True)

    defaulted_from: date | None = Field(default=None, description="On this day or later.")
    defaulted_to: date | None = Field(default=None, description="On this day or earlier.")


Filters = Annotated[OutcomeFilters, Query()]
Order = Annotated[SortOrder, Depends(Sorting({"created_at": Outcome.id}, default="-created_at", key=Outcome.id))]
