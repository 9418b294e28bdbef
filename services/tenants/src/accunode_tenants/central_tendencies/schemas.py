"""Central tendencies, as clients see them."""

from datetime import date
from typing import Annotated
from uuid import UUID

from pydantic import Field

from accunode_common.schemas import CreatedAt, InputModel, ResponseModel
from accunode_credit.grading import GREATEST_RATE, LEAST_RATE, Kind

Rate = Annotated[
    float | None,
    Field(
        description="The long-run default rate, a fraction; null is the model's own level, which counts filings for "
        "bankruptcy in the United States.",
        examples=[0.02],
    ),
]
EffectiveFrom = Annotated[date, Field(description="The day from which it counts, in UTC.", examples=["2030-01-01"])]


class CentralTendencyIn(InputModel):
    """A long-run default rate from a day on."""

    rate: Rate = Field(ge=LEAST_RATE, le=GREATEST_RATE)
    effective_from: date | None = Field(
        default=None,
        description="The day from which it counts, in UTC: today, if it is left out, or a later one. What was scored "
        "before keeps its level.",
        examples=["2030-01-01"],
    )


class CentralTendencyStep(ResponseModel):
    """One of the rates that were set."""

    rate: Rate
    effective_from: EffectiveFrom
    set_by: UUID = Field(description="Who set it.")
    created_at: CreatedAt


class CentralTendencyOut(ResponseModel):
    """The central tendency of a tenant for a kind."""

    kind: Kind = Field(description="Which inputs the scores are from.", examples=["annual"])
    rate: Rate
    effective_from: date | None = Field(
        description="Since when that rate counts; null if none was ever set until today.", examples=["2030-01-01"]
    )
    history: list[CentralTendencyStep] = Field(
        description="Every rate that was set, the newest day first; of one day the last one counts."
    )
