"""The service's own document: what clients can rely on."""

from typing import Any

import pytest

from accunode_common.testing.app import ServiceClient
from accunode_scoring import RATIOS, Kind


@pytest.fixture
def document(api: ServiceClient) -> dict[str, Any]:
    found: dict[str, Any] = api.app.openapi()
    return found


@pytest.mark.parametrize(("kind", "schema"), [(Kind.ANNUAL, "AnnualRatios"), (Kind.QUARTERLY, "QuarterlyRatios")])
def test_ratios_are_those_of_the_scoring_library_and_say_their_units(
    document: dict[str, Any], kind: Kind, schema: str
) -> None:
    for ratio in RATIOS[kind]:
        for name in (schema, schema.removesuffix("s") + "Values"):
            description = document["components"]["schemas"][name]["properties"][ratio.name]["description"]
            assert ("percent number" if ratio.unit == "percent" else "plain multiple") in description
            assert ("trailing twelve months" in description) == (kind is Kind.QUARTERLY)


def test_every_field_of_a_stored_prediction_is_always_there(document: dict[str, Any]) -> None:
    for name in ("AnnualPredictionDetail", "QuarterlyPredictionDetail", "Explanation", "CompanyOut", "Dashboard"):
        schema = document["components"]["schemas"][name]
        assert set(schema["required"]) == set(schema["properties"]), name


def test_creations_say_where_the_new_thing_is_and_show_an_example(document: dict[str, Any]) -> None:
    for kind in ("annual", "quarterly"):
        operation = document["paths"][f"/api/v1/predictions/{kind}"]["post"]
        assert {"201", "401", "403", "409", "422"} <= set(operation["responses"])
        schema = operation["requestBody"]["content"]["application/json"]["schema"]["$ref"].rsplit("/", 1)[1]
        assert document["components"]["schemas"][schema]["examples"]


async def test_the_service_is_ready_with_its_database_migrated(api: ServiceClient) -> None:
    reply = await api.machinery("/ready")
    assert (reply.status_code, reply.json()["status"]) == (200, "ready")
