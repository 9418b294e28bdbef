"""Work over the demo portfolio by the running relay and workers: rescoring, stress, drift, outcomes, the own scale."""

import time
from typing import Any

import pytest
from tests.e2e.api import FINAL_STATES, Analyst
from tests.e2e.conftest import RunningProduct

STRESS = {
    "name": "Recession",
    "shocks": [
        {"ratio": "return_on_assets", "operation": "add", "value": -8.0},
        {"ratio": "total_debt_to_ebitda", "operation": "multiply", "value": 1.5},
    ],
}
SCALE = [
    {"name": "Sound", "upper": 0.02, "midpoint": 0.008},
    {"name": "Watch", "upper": 0.15, "midpoint": 0.06},
    {"name": "Work-out", "upper": 1.0, "midpoint": 0.4},
]


@pytest.fixture(scope="module")
def admin(product: RunningProduct) -> Analyst:
    return product.sign_in("org_admin", tenant=1)


def _done(caller: Analyst, path: str, body: dict[str, Any], *, seconds: float = 60) -> dict[str, Any]:
    accepted = caller.post(path, body, status=202)
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        job: dict[str, Any] = caller.get(accepted["url"].removeprefix("/api/v1"))
        if job["state"] in FINAL_STATES:
            assert job["state"] == "completed", job
            return job
        time.sleep(0.1)
    raise AssertionError(f"{accepted} has not ended after {seconds} s")


def test_a_scenario_makes_the_portfolio_worse_and_changes_nothing(admin: Analyst) -> None:
    before = list(admin.items("/predictions/annual"))
    result = _done(admin, "/portfolio/stress", STRESS)["result"]
    assert result["before"]["count"] == result["after"]["count"] == len({row["company"]["id"] for row in before})
    assert result["after"]["mean_pd"] > result["before"]["mean_pd"]
    assert result["downgraded"] > result["upgraded"]
    assert len(result["movers"]) == 20
    assert list(admin.items("/predictions/annual")) == before


def test_a_model_is_watched_and_tested_against_outcomes(admin: Analyst) -> None:
    companies = list(admin.items("/companies"))[:3]
    items = [{"name": company["name"], "defaulted_on": "2022-06-30", "event": "bankruptcy"} for company in companies]
    added = admin.http.post("/companies/outcomes", params={"access_level": "organization"}, json={"items": items})
    assert added.json()["created"] == 3, added.text
    version = next(model for model in admin.get("/models")["items"] if model["kind"] == "annual")["version"]
    report = _done(admin, f"/models/annual/{version}/drift", {})["result"]
    shown = admin.get(f"/models/annual/{version}")["drift"]["report"]
    assert shown == {name: value for name, value in report.items() if name != "report_id"}
    assert shown["rows"] > 100
    assert {column["column"] for column in shown["columns"]} >= {"pd", "return_on_assets"}
    assert shown["back_test"]["companies"] == sum(grade["companies"] for grade in shown["back_test"]["grades"])


def test_rescoring_grades_everything_on_a_new_scale_and_back(product: RunningProduct, admin: Analyst) -> None:
    bank = product.sign_in("tenant_admin", tenant=1)
    memberships = bank.get("/users/me")["memberships"]
    path = next(f"/tenants/{each['tenant_id']}" for each in memberships if each["role"] == "tenant_admin")
    try:
        assert bank.http.patch(path, json={"master_scale": SCALE}).status_code == 200
        result = _done(admin, "/portfolio/rescore", {"kind": "annual"})["result"]
        assert (result["refused"], result["unchanged"]) == ([], 0)
        names = {grade["name"] for grade in SCALE}
        rows = list(admin.items("/predictions/annual"))
        assert result["changed"] == len(rows)
        assert {row["grade"] for row in rows} <= names
        assert {row["version"] for row in rows} == {2}
    finally:
        assert bank.http.patch(path, json={"master_scale": None}).status_code == 200
    assert _done(admin, "/portfolio/rescore", {"kind": "annual"})["result"]["changed"] == len(rows)
