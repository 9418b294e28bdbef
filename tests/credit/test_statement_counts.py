"""How many statements the operations that are called most send to PostgreSQL."""

from typing import Any

import pytest
from tests.applications import Running

from accunode_common.testing.people import World
from accunode_common.testing.statements import at_most

PREDICTION: dict[str, Any] = {
    "company": {"name": "Acme"},
    "access_level": "organization",
    "ratios": {"return_on_assets": 3, "net_income_margin": 3, "total_debt_to_ebitda": 2.0},
}
OPERATIONS = {
    ("auth", "GET", "/users/me"): 2,
    ("predictions", "GET", "/companies"): 3,
    ("predictions", "GET", "/predictions/annual"): 2,
    ("predictions", "POST", "/predictions/annual"): 4,
    ("predictions", "GET", "/models"): 2,
    ("bulk-upload", "GET", "/bulk-uploads"): 2,
}


@pytest.mark.parametrize(("service", "method", "path"), OPERATIONS)
async def test_an_operation_sends_no_more_statements_than_it_needs(
    services: list[Running], world: World, monkeypatch: pytest.MonkeyPatch, service: str, method: str, path: str
) -> None:
    monkeypatch.setattr("accunode_predictions.serving.service.REFRESH_SECONDS", 3600)
    clients = {running.application.service.name: running.client.as_(world.one.org_member) for running in services}
    for year in (2021, 2022, 2023):
        # What is known from an earlier call is known here as well.
        reply = await clients["predictions"].post(
            "/api/v1/predictions/annual", json={**PREDICTION, "fiscal_year": year}
        )
        assert reply.status_code == 201, reply.text
    body = {"json": {**PREDICTION, "fiscal_year": 2024}} if method == "POST" else {}
    await clients[service].get("/api/v1/users/me" if service == "auth" else f"/api/v1{path}")
    with at_most(statements=OPERATIONS[service, method, path]):
        reply = await clients[service].request(method, f"/api/v1{path}", **body)
    assert reply.is_success, reply.text


async def test_a_prediction_of_a_new_company_adds_the_company_and_its_audit_event(
    services: list[Running], world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("accunode_predictions.serving.service.REFRESH_SECONDS", 3600)
    predictions = next(each for each in services if each.application.service.name == "predictions")
    client = predictions.client.as_(world.one.org_member)
    body = {**PREDICTION, "fiscal_year": 2024}
    assert (await client.post("/api/v1/predictions/annual", json=body)).status_code == 201
    with at_most(statements=OPERATIONS["predictions", "POST", "/predictions/annual"] + 2):
        reply = await client.post("/api/v1/predictions/annual", json={**body, "company": {"name": "Newco"}})
    assert reply.status_code == 201, reply.text
