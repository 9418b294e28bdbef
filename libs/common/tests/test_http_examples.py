"""An example of a body follows from the examples of its fields."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

import pytest
from fastapi import FastAPI
from pydantic import BaseModel, Field

from accunode_common.http import openapi
from accunode_common.http.examples import Examples, NoExampleError
from accunode_common.schemas import InputModel, Page, ResponseModel, TenantId


class Colour(StrEnum):
    RED = "red"


Weight = Annotated[float, Field(gt=0, description="In kilograms.", examples=[12.5])]


class Part(ResponseModel):
    part_id: UUID
    colour: Colour
    made_at: datetime
    spare: bool


class Thing(ResponseModel):
    tenant_id: TenantId
    weight: Weight | None
    parts: list[Part]
    owner: Part | None = Field(examples=[None])


class ThingIn(InputModel):
    weight: Weight
    colour: Colour = Colour.RED
    label: str | None = None


class ScaledThingIn(ThingIn):
    height: Weight | None = None


def example(model: type[BaseModel]) -> Any:
    schema = model.model_json_schema()
    return Examples({**schema.pop("$defs", {}), "it": schema}).of({"$ref": "#/components/schemas/it"})


def test_a_reply_shows_every_field() -> None:
    shown = example(Thing)
    Thing.model_validate(shown)
    assert set(shown) == set(Thing.model_fields)
    assert shown["owner"] is None
    assert shown["parts"][0]["colour"] == "red"


def test_an_identifier_is_the_same_wherever_its_name_is() -> None:
    assert example(Thing)["tenant_id"] == example(Page[Thing])["items"][0]["tenant_id"]
    assert example(Thing)["tenant_id"] != example(Thing)["parts"][0]["part_id"]


def test_a_request_leaves_out_what_nothing_is_said_of() -> None:
    shown = example(ThingIn)
    assert shown == {"weight": 12.5, "colour": "red"}
    ThingIn.model_validate(shown)


def test_a_number_without_an_example_has_none() -> None:
    with pytest.raises(NoExampleError, match="count"):
        Examples({}).of({"type": "object", "properties": {"count": {"type": "integer"}}, "required": ["count"]})


def test_the_document_shows_the_examples_and_describes_what_can_be_null() -> None:
    app = FastAPI()

    @app.post("/things")
    def add_thing(body: ScaledThingIn) -> Page[Thing]:
        """Adds one."""
        raise NotImplementedError

    openapi.install(app)
    document = app.openapi()
    operation = document["paths"]["/things"]["post"]
    assert operation["requestBody"]["content"]["application/json"]["example"] == {
        "weight": 12.5,
        "colour": "red",
        "height": 12.5,
    }
    reply = operation["responses"]["200"]["content"]["application/json"]["example"]
    Page[Thing].model_validate(reply)
    assert reply["items"][0]["weight"] == 12.5
    weight = document["components"]["schemas"]["Thing"]["properties"]["weight"]
    assert weight["description"] == "In kilograms."
