"""What lists of predictions can be narrowed to, and sorted by."""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import Depends, Path
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from accunode_common.http.pagination import Sorting, SortOrder
from accunode_credit.models.credit import Prediction
from accunode_scoring import RiskLevel


class PredictionFilters(BaseModel):
    """The filters of a list; those left out leave everything in."""

    model_config = ConfigDict(frozen=True)

    company_id: UUID | None = Field(default=None, description="Only those of this company.")
    symbol: str | None = Field(default=None, max_length=100, description="Companies of exactly this symbol.")
    sector: str | None = Field(default=None, max_length=200, description="Companies of exactly this sector.")
    fiscal_year: int | None = Field(default=None, ge=1900, le=2100, description="Only those of this fiscal year.")
    risk_level: RiskLevel | None = Field(default=None, description="Only those of this risk level.")
    pd_min: float | None = Field(default=None, ge=0, le=1, description="Lowest `pd`, a fraction.")
    pd_max: float | None = Field(default=None, ge=0, le=1, description="Highest `pd`, a fraction.")
    created_from: AwareDatetime | None = Field(default=None, description="Created at this moment or later.")
    created_to: AwareDatetime | None = Field(default=None, description="Created before this moment.")
    access_level: Literal["personal", "organization"] | None = Field(
        default=None, description="Only records of this level; system records have a list of their own."
    )
    job_id: UUID | None = Field(default=None, description="Stored by this bulk upload.")


class QuarterlyFilters(PredictionFilters):
    """The filters of a list of quarterly predictions."""

    fiscal_quarter: int | None = Field(default=None, ge=1, le=4, description="Only those of this fiscal quarter.")


_sorting = Sorting(
    {"created_at": Prediction.id, "pd": (Prediction.pd_band, Prediction.pd)}, default="-created_at", key=Prediction.id
)
Order = Annotated[SortOrder, Depends(_sorting)]
PredictionPath = Annotated[UUID, Path(description="A prediction that the caller sees.")]
