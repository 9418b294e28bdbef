"""The main job against the running stack: a file in, scored companies with reasons out, and nobody else sees them."""

import httpx
import pytest
from tests.e2e.api import Analyst
from tests.integration.files import annual_file
from tests.integration.stacks import Stack

ROWS = 300
OUTSIDERS = [("tenant_admin", 1), ("org_admin", 1), ("org_member", 1), ("user", 1), ("user", 0)]


@pytest.fixture(scope="module")
def uploaded(member: Analyst, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """A finished job of the first tenant, with one of its predictions and companies."""
    job = member.upload(annual_file(tmp_path_factory.mktemp("journey"), rows=ROWS, series=1), kind="annual")
    assert job["state"] == "completed", job
    row = member.get(f"/bulk-uploads/{job['id']}/results", limit=1)["items"][0]
    prediction = member.get(f"/predictions/annual/{row['prediction_id']}")
    return {"job": job["id"], "prediction": row["prediction_id"], "company": prediction["company"]["id"]}


def test_an_uploaded_file_is_scored_with_reasons(member: Analyst, uploaded: dict[str, str]) -> None:
    job = member.get(f"/bulk-uploads/{uploaded['job']}")
    assert job["rows_accepted"] == job["rows_total"] == ROWS
    results = list(member.items(f"/bulk-uploads/{uploaded['job']}/results"))
    assert len(results) == ROWS
    for row in results:
        assert 0 < row["pd"] <= row["pd_2y"] <= row["pd_3y"] < 1
        assert len(row["reasons"]) >= 1
    listed = {company["name"] for company in member.items("/companies")}
    assert {row["company_name"] for row in results} <= listed


def test_one_company_is_scored_at_once_and_explained(member: Analyst) -> None:
    body = {
        "company": {"name": "Gateway Foundry (fictitious)"},
        "access_level": "organization",
        "fiscal_year": 2024,
        "ratios": {
            "long_term_debt_to_total_capital": 45.0,
            "total_debt_to_ebitda": 3.2,
            "net_income_margin": 4.5,
            "ebit_to_interest_expense": 5.1,
            "return_on_assets": 3.9,
        },
    }
    made = member.http.post("/predictions/annual", json=body)
    assert made.status_code == 201, made.text
    explanation = member.get(f"/predictions/annual/{made.json()['id']}/explanation")
    assert len(explanation["reasons"]) >= 1


@pytest.mark.parametrize(("role", "tenant"), OUTSIDERS)
def test_whoever_is_outside_finds_none_of_it(stack: Stack, uploaded: dict[str, str], role: str, tenant: int) -> None:
    with stack.sign_in(role, tenant=tenant) as outsider:
        answers = {
            path: outsider.http.get(path).status_code
            for path in (
                f"/companies/{uploaded['company']}",
                f"/companies/{uploaded['company']}/history",
                f"/predictions/annual/{uploaded['prediction']}",
                f"/predictions/annual/{uploaded['prediction']}/explanation",
                f"/bulk-uploads/{uploaded['job']}",
                f"/bulk-uploads/{uploaded['job']}/results",
                f"/bulk-uploads/{uploaded['job']}/errors",
                f"/jobs/{uploaded['job']}",
            )
        }
        answers["DELETE company"] = outsider.http.delete(f"/companies/{uploaded['company']}").status_code
        answers["DELETE job"] = outsider.http.delete(f"/bulk-uploads/{uploaded['job']}").status_code
        answers["cancel"] = outsider.http.post(f"/bulk-uploads/{uploaded['job']}/cancel").status_code
        assert set(answers.values()) == {404}, answers
        seen = {company["id"] for company in outsider.items("/companies")}
        assert uploaded["company"] not in seen


def test_without_a_token_every_service_refuses(stack: Stack) -> None:
    for path in ("/users/me", "/tenants", "/companies", "/bulk-uploads"):
        assert httpx.get(f"{stack.base_url}/api/v1{path}").status_code == 401


def test_the_whole_api_is_described_in_one_document(stack: Stack) -> None:
    document = httpx.get(f"{stack.base_url}/api/v1/openapi.json").json()
    assert {"/api/v1/auth/login", "/api/v1/tenants", "/api/v1/companies", "/api/v1/bulk-uploads"} <= set(
        document["paths"]
    )
    page = httpx.get(f"{stack.base_url}/api/v1/docs")
    assert page.status_code == 200
    assert "swagger-ui" in page.text


def test_a_path_that_no_service_answers_gets_a_problem(stack: Stack) -> None:
    reply = httpx.get(f"{stack.base_url}/api/v1/nothing")
    assert reply.status_code == 404
    assert reply.headers["content-type"] == "application/problem+json"
    assert reply.json()["type"] == "urn:accunode:problem:not_found"
    assert reply.json()["request_id"] == reply.headers["x-request-id"]
