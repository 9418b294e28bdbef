"""No log of a running stack holds a secret, an e-mail address, or what it knows of obligors."""

from pathlib import Path
from uuid import uuid4

import httpx
import pytest
from tests.e2e.api import Analyst
from tests.e2e.conftest import RunningProduct
from tests.e2e.log_scan import PATTERNS, known_to, requests_in, scan

from accunode_devstack.state import State

PLANTED = {
    "an e-mail address": '{"event": "request", "path": "/whitelist/ada.lovelace%40bank.example"}',
    "a JSON Web Token": "Authorization: eyJhbGciOiJFZERTQSJ9.eyJzdWIiOiIxIn0.c2ln",
    "an opaque credential": f"sent pr_{'aB3-' * 20} along",
    "the credentials of a URL": "connecting to redis://:hunter22@cache:6379/0",
    "a password hash": "$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$aGFzaA",
    "parameters of a statement": "[parameters: {'name': 'Quixotic'}]",
    "the name of a company": "stored Quixotic Holdings",
}


def test_the_scan_finds_each_kind_of_what_it_looks_for(tmp_path: Path) -> None:
    assert set(PATTERNS) <= set(PLANTED)
    (tmp_path / "worker.log").write_text("\n".join(["celery@host.local ready", *PLANTED.values()]))
    found = scan(tmp_path, {"the name of a company": {"Quixotic Holdings", "Nobody Incorporated"}})
    assert [(finding.line, finding.kind) for finding in found] == list(enumerate(PLANTED, start=2))


@pytest.fixture
def admin(product: RunningProduct) -> Analyst:
    return product.sign_in("org_admin", tenant=0)


def _name_people(admin: Analyst, organization: str) -> None:
    path = f"/organizations/{organization}/whitelist"
    address = f"ada-{uuid4().hex[:8]}@bank.example"
    admin.post(path, {"emails": [address]}, status=201)
    assert admin.http.delete(f"{path}/{address}").status_code == 204
    assert admin.http.delete(f"{path}/{address}").status_code == 404
    assert admin.http.get(f"/nothing/{address}", params={"search": address}).status_code == 404
    assert admin.http.get("/companies", params={"email": address}).status_code == 422
    assert admin.http.post(path, json={"emails": [address, "no address at all"]}).status_code == 422


def _sign_in_wrongly(nobody: httpx.Client, email: str) -> None:
    for address in (email, f"nobody-{uuid4().hex[:8]}@bank.example"):
        body = {"email": address, "password": "quite a wrong password 7"}
        assert nobody.post("/auth/login", json=body).status_code == 401
    nobody.post("/auth/forgot-password", json={"email": email})
    assert nobody.get("/users/me", headers={"Authorization": "Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiIxIn0."}).is_error
    assert nobody.post("/auth/reset-password", json={"token": f"pr_{'a' * 64}", "new_password": "no"}).is_error


def _trip_over_records(admin: Analyst, file: Path) -> None:
    company = {"name": "Quixotic Holdings International", "symbol": "QXTC", "access_level": "personal"}
    made = admin.post("/companies", company, status=201)
    assert admin.http.post("/companies", json=company).status_code == 409
    admin.get("/companies/by-symbol/QXTC")
    admin.get("/companies", search="Quixotic Holdings International")
    outcome = {"defaulted_on": "2001-01-01", "event": "bankruptcy"}
    for status in (201, 409):
        admin.post(f"/companies/{made['id']}/outcomes", outcome, status=status)
    file.write_text(
        "company_name,fiscal_year,return_on_assets,net_income_margin,total_debt_to_ebitda\n"
        "Quixotic Holdings International,2024,not a figure of Quixotic,1,2\n"
        "Quixotic Holdings International,2024,3.25,1,2\nQuixotic Holdings International,2024,9.75,1,2\n"
    )
    admin.upload(file, kind="annual", access_level="personal")


def test_no_log_holds_an_address_a_secret_or_what_is_known_of_obligors(
    product: RunningProduct, admin: Analyst, tmp_path: Path
) -> None:
    me = admin.get("/users/me")
    organization = next(place["organization_id"] for place in me["memberships"] if place["organization_id"])
    _name_people(admin, organization)
    with httpx.Client(base_url=f"{product.base_url}/api/v1") as nobody:
        _sign_in_wrongly(nobody, product.user("user", tenant=0)["email"])
    _trip_over_records(admin, tmp_path / "quixotic-book.csv")

    state = State(product.folder)
    routes = {request["route"] for request in requests_in(state.log)}
    assert "/api/v1/organizations/{organization_id}/whitelist/{email}" in routes
    assert "/api/v1/companies/by-symbol/{symbol}" in routes
    text = "".join(file.read_text(errors="replace") for file in state.log.rglob("*.log"))
    assert "authentication failed" in text
    secrets = {"the contents of a file": {"Quixotic", "quixotic-book", "not a figure"}}
    assert scan(state.log, known_to(state) | secrets) == []
