"""Reference to the model behind a score: its kind, version and card."""

from functools import lru_cache
from typing import Any

from pydantic import ConfigDict, Field, computed_field

from accunode_common.schemas import ResponseModel
from accunode_scoring import Kind


def model_url(kind: Kind, version: str) -> str:
    """Where a model version is in the API."""
    return f"/api/v1/models/{kind}/{version}"


@lru_cache(maxsize=1024)
def card_url(kind: Kind, version: str) -> str:
    """Where the card of a model version is in the API."""
    return f"{model_url(kind, version)}/card"


def scored_as(kind: Kind) -> ConfigDict:
    """For a model of scores of one kind: its examples are of that kind."""

    def adjust(schema: dict[str, Any]) -> None:
        for field, example in (("kind", kind), ("card_url", card_url(kind, "1.0.0"))):
            if field in schema["properties"]:
                schema["properties"][field]["examples"] = [example]

    return ConfigDict(json_schema_extra=adjust)


class Scored(ResponseModel):
    """Which model scored, and where its card is."""

    kind: Kind = Field(description="Which inputs the score was made from.")
    model_version: str = Field(description="The version of that kind's model that scored.", examples=["1.0.0"])

    @computed_field(
        description="Where the card of the model that scored is: its purpose, data, measured quality and limits.",
        examples=["/api/v1/models/annual/1.0.0/card"],
    )
    def card_url(self) -> str:
        """The path of the card's route."""
        return card_url(self.kind, self.model_version)
