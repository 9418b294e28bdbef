"""Predictions from the amounts of financial statements."""

import csv
import io
import math
from collections.abc import Awaitable, Callable
from typing import Any

import psycopg
import pytest

from accunode_common.testing.app import ServiceClient
from accunode_common.testing.people import Caller, World
from accunode_common.testing.problems import assert_problem
from accunode_scoring import Kind, ModelLibrary
from accunode_scoring.statement import derive_ratios

PATH = "/api/v1/predictions/statement"
AMOUNTS: dict[str, float | None] = {
    "total_assets_musd": 850.0,
    "total_liabilities_musd": 510.0,
    "long_term_debt_musd": 240.0,
    "current_assets_musd": 320.0,
    "current_liabilities_musd": 190.0,
    "net_sales_musd": 940.0,
    "cogs_musd": 610.0,
    "operating_expenses_musd": 820.0,
    "depreciation_musd": 45.0,
    "net_income_musd": 38.0,
    "inventory_musd": 95.0,
    "receivables_musd": 130.0,
    "retained_earnings_musd": 160.0,
}
MARKET = {"market_value_musd": 700.0}
Make = Callable[..., Awaitable[dict[str, Any]]]


@pytest.fixture
def make(api: ServiceClient) -> Make:
    """Stores a prediction, and gives the reply's document."""

    async def create(caller: Caller, name: str = "Northwind", **changes: Any) -> dict[str, Any]:
        amounts = {**AMOUNTS, **changes.pop("amounts", {})}
        body = {"company": {"name": name}, "fiscal_year": 2024, "amounts": amounts, **changes}
        reply = await api.as_(caller).post(PATH, json=body)
        assert reply.status_code == 201, reply.text
        document: dict[str, Any] = reply.json()
        return document

    return create


@pytest.mark.parametrize("more", [{}, MARKET], ids=["private", "listed"])
async def test_a_statement_is_scored_stored_and_gives_the_other_kinds_ratios(
    api: ServiceClient, world: World, make: Make, superuser: psycopg.Connection, more: dict[str, float]
) -> None:
    made = await make(world.one.org_member, amounts=more)
    score = ModelLibrary.load().champion(Kind.STATEMENT).score({**AMOUNTS, **more})
    assert (made["pd"], made["grade"]) == (score.pd, score.grade)
    assert {name: value for name, value in made["amounts"].items() if value is not None} == {**AMOUNTS, **more}
    derived = derive_ratios({**AMOUNTS, **more})
    assert made["ratios"]["annual"] == {name: derived[name] for name in made["ratios"]["annual"]}
    assert made["ratios"]["quarterly"]["sga_margin"] == derived["sga_margin"]
    assert set(made["ratios"]["derived"]) == {*made["ratios"]["annual"], *made["ratios"]["quarterly"]}
    assert [reason["code"] for reason in made["reasons"]][:4] == made["reason_codes"]
    stored = superuser.execute(
        "select amounts, return_on_assets, kind from credit.predictions where id = %s", [made["id"]]
    ).fetchone()
    assert stored == ({**AMOUNTS, **more}, derived["return_on_assets"], "statement")
    assert (await api.as_(world.one.org_member).get(f"{PATH}/{made['id']}")).json() == made


async def test_ratios_that_do_not_follow_are_null_and_not_named(world: World, make: Make) -> None:
    made = await make(world.one.org_member, amounts={"depreciation_musd": None, "cogs_musd": None})
    assert made["ratios"]["annual"]["ebit_to_interest_expense"] is None
    assert made["ratios"]["annual"]["return_on_assets"] is not None
    assert not {"ebit_to_interest_expense", "sga_margin"} & set(made["ratios"]["derived"])


@pytest.mark.parametrize("more", [{}, MARKET], ids=["private", "listed"])
async def test_the_explanation_adds_up(api: ServiceClient, world: World, make: Make, more: dict[str, float]) -> None:
    made = await make(world.one.org_member, amounts=more)
    found = (await api.as_(world.one.org_member).get(f"{PATH}/{made['id']}/explanation")).json()
    total = found["base_log_odds"] + sum(part["log_odds"] for part in found["contributions"])
    assert math.isclose(1 / (1 + math.exp(-total)), made["pd"], rel_tol=1e-12)
    values = {part["ratio"]: part["value"] for part in found["contributions"]}
    assert math.isclose(values["liabilities_to_assets"], 60.0)
    assert ("market_to_book" in values or any("market" in name for name in values)) == bool(more)


async def test_a_statement_is_restated_listed_exported_and_deleted(
    api: ServiceClient, world: World, make: Make
) -> None:
    member = world.one.org_member
    client = api.as_(member)
    made = await make(member)
    same = (await client.put(f"{PATH}/{made['id']}", json={})).json()
    assert (same["pd"], same["version"]) == (made["pd"], 2)
    worse = {**AMOUNTS, "net_income_musd": -200.0}
    restated = (await client.put(f"{PATH}/{made['id']}", json={"amounts": worse})).json()
    assert restated["pd"] > made["pd"]
    versions = (await client.get(f"{PATH}/{made['id']}/versions")).json()["items"]
    kept = {name: value for name, value in versions[0]["snapshot"]["ratios"].items() if value is not None}
    assert kept == AMOUNTS
    listed = (await client.get(PATH)).json()["items"]
    assert [item["amounts"]["net_income_musd"] for item in listed] == [-200.0]
    file = (await client.get(f"{PATH}/export")).content.decode("utf-8-sig")
    (row,) = csv.DictReader(io.StringIO(file))
    assert (float(row["total_assets_musd"]), row["market_value_musd"]) == (850.0, "")
    company = (await client.get(f"/api/v1/companies/{made['company']['id']}")).json()
    assert company["latest_statement"]["id"] == made["id"]
    assert (await client.get("/api/v1/portfolio/dashboard", params={"kind": "statement"})).json()["companies"] == 1
    assert (await client.delete(f"{PATH}/{made['id']}")).status_code == 204
    assert_problem(await client.get(f"{PATH}/{made['id']}"), 404)


async def test_a_company_has_one_statement_a_year_beside_its_ratios(
    api: ServiceClient, world: World, make: Make, store: Callable[..., Awaitable[dict[str, Any]]]
) -> None:
    member = world.one.org_member
    made = await make(member, "Both Kinds")
    await store(member, "Both Kinds")
    body = {"company": {"name": "Both Kinds"}, "fiscal_year": 2024, "amounts": AMOUNTS}
    again = await api.as_(member).post(PATH, json=body)
    assert_problem(again, 409)
    assert again.headers["location"] == f"{PATH}/{made['id']}"


WRONG: dict[str, dict[str, Any]] = {
    "no total assets": {"total_assets_musd": None},
    "no net income": {"net_income_musd": None},
    "assets of zero": {"total_assets_musd": 0},
    "negative assets": {"total_assets_musd": -5.0},
    "a placeholder": {"net_sales_musd": 1e9},
    "text": {"net_sales_musd": "940"},
    "an unknown line": {"goodwill_musd": 3.0},
}


@pytest.mark.parametrize("changes", WRONG.values(), ids=WRONG)
async def test_what_cannot_be_scored_is_refused_and_named(
    api: ServiceClient, world: World, changes: dict[str, Any]
) -> None:
    body = {"company": {"name": "Wrong"}, "fiscal_year": 2024, "amounts": {**AMOUNTS, **changes}}
    reply = await api.as_(world.one.org_member).post(PATH, json=body)
    assert_problem(reply, 422, pointer=f"/body/amounts/{next(iter(changes))}")


async def test_many_statements_are_scored_without_being_stored(api: ServiceClient, world: World) -> None:
    rows = [{"row_id": "a", "amounts": AMOUNTS}, {"row_id": "b", "amounts": {**AMOUNTS, **MARKET}}]
    reply = await api.as_(world.user).post(f"{PATH}/score", json={"rows": rows})
    assert reply.status_code == 200, reply.text
    scorer = ModelLibrary.load().champion(Kind.STATEMENT)
    for item, row in zip(reply.json()["items"], rows, strict=True):
        assert math.isclose(item["pd"], scorer.score(row["amounts"]).pd, rel_tol=1e-12)  # type: ignore[arg-type]
    assert (await api.as_(world.user).get(PATH)).json()["items"] == []


async def test_statements_of_others_are_not_found(api: ServiceClient, world: World, make: Make) -> None:
    made = await make(world.one.org_member, access_level="organization")
    assert (await api.as_(world.one.other_member).get(f"{PATH}/{made['id']}")).status_code == 200
    for caller in (world.one.outsider, world.two.org_admin, world.user, world.super_admin):
        for path in ("", "/explanation", "/versions"):
            assert_problem(await api.as_(caller).get(f"{PATH}/{made['id']}{path}"), 404)
        assert_problem(await api.as_(caller).put(f"{PATH}/{made['id']}", json={}), 404)
    assert_problem(await api.as_(world.one.other_member).put(f"{PATH}/{made['id']}", json={}), 403)


@pytest.mark.parametrize("stored", [True, False])
async def test_a_statement_of_which_no_reading_makes_sense_is_refused_where_it_stands(
    api: ServiceClient, world: World, stored: bool
) -> None:
    amounts = {**AMOUNTS, "current_assets_musd": 2000.0}
    body = {"company": {"name": "Northwind"}, "fiscal_year": 2024, "amounts": amounts}
    batch = {"rows": [{"amounts": AMOUNTS}, {"amounts": amounts}]}
    path, sent, row = (PATH, body, "") if stored else (f"{PATH}/score", batch, "/rows/1")
    reply = await api.as_(world.one.org_member).post(path, json=sent)
    problem = assert_problem(reply, 422, "invalid_input")
    assert [(error["pointer"], error["code"]) for error in problem["errors"]] == [
        (f"/body{row}/amounts/current_assets_musd", "implausible")
    ]
