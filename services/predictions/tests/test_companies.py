"""Companies: adding, finding, changing and deleting them."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from accunode_common.testing.app import ServiceClient
from accunode_common.testing.people import Caller, World
from accunode_common.testing.problems import assert_problem

COMPANIES = "/api/v1/companies"
Store = Callable[..., Awaitable[dict[str, Any]]]
WEAK = {
    "long_term_debt_to_total_capital": 130.0,
    "total_debt_to_ebitda": 12.0,
    "net_income_margin": -25.0,
    "ebit_to_interest_expense": -3.0,
    "return_on_assets": -30.0,
}


async def test_every_role_adds_and_reads_its_own_company(api: ServiceClient, caller: Caller) -> None:
    body = {
        "name": " Blue  Harbor Plc ",
        "symbol": "bhp.l",
        "sector": "Shipping",
        "market_cap": "12.50",
        "currency": "eur",
    }
    reply = await api.as_(caller).post(COMPANIES, json=body)
    assert reply.status_code == 201, reply.text
    made = reply.json()
    assert (made["name"], made["symbol"], made["currency"]) == ("Blue Harbor Plc", "BHP.L", "EUR")
    assert made["market_cap"] == "12.50"
    assert (made["latest_annual"], made["latest_quarterly"]) == (None, None)
    found = await api.as_(caller).get(reply.headers["location"])
    assert found.json() == made
    assert found.headers["etag"] == reply.headers["etag"] == '"1"'


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"name": ""}, "/body/name"),
        ({"name": None}, "/body/name"),
        ({"symbol": "???"}, "/body/symbol"),
        ({"market_cap": -1, "currency": "EUR"}, "/body/market_cap"),
        ({"market_cap": "1.005", "currency": "EUR"}, "/body/market_cap"),
        ({"market_cap": 5}, "/body/currency"),
        ({"currency": "EURO"}, "/body/currency"),
        ({"created_by": "me"}, "/body/created_by"),
    ],
)
async def test_a_company_that_makes_no_sense_is_refused(
    api: ServiceClient, world: World, change: dict[str, Any], pointer: str
) -> None:
    reply = await api.as_(world.user).post(COMPANIES, json={"name": "A", **change})
    assert_problem(reply, 422, pointer=pointer)


async def test_names_and_symbols_are_unique_in_their_scope_also_at_once(api: ServiceClient, world: World) -> None:
    body = {"name": "Only One", "symbol": "ONE"}
    post = api.as_(world.user).post
    replies = await asyncio.gather(*(post(COMPANIES, json=body) for _ in range(5)))
    assert sorted(reply.status_code for reply in replies) == [201, 409, 409, 409, 409]
    assert_problem(await post(COMPANIES, json={"name": "ONLY  one"}), 409, "already_exists")
    assert_problem(await post(COMPANIES, json={"name": "Other", "symbol": "one"}), 409, "already_exists")


async def test_a_patch_changes_what_it_names_and_null_empties(api: ServiceClient, world: World) -> None:
    client = api.as_(world.user)
    made = (await client.post(COMPANIES, json={"name": "A", "sector": "S", "symbol": "A"})).json()
    path = f"{COMPANIES}/{made['id']}"
    changed = await client.patch(path, json={"sector": None, "name": "B"}, headers={"If-Match": '"1"'})
    assert changed.status_code == 200, changed.text
    assert (changed.json()["name"], changed.json()["sector"], changed.json()["symbol"]) == ("B", None, "A")
    assert changed.headers["etag"] == '"2"'
    assert_problem(await client.patch(path, json={"name": "C"}, headers={"If-Match": '"1"'}), 412, "stale_version")
    assert_problem(await client.patch(path, json={"name": None}), 422, pointer="/body/name")
    assert_problem(await client.patch(path, json={"market_cap": 5}), 422, pointer="/body/currency")
    same = await client.patch(path, json={"name": "B"})
    assert same.headers["etag"] == '"2"'
    await client.post(COMPANIES, json={"name": "Taken", "symbol": "TKN"})
    assert_problem(await client.patch(path, json={"name": "taken"}), 409, "already_exists")
    assert_problem(await client.patch(path, json={"symbol": "TKN"}), 409, "already_exists")
    assert (await client.get(path)).json()["name"] == "B"


async def test_the_newest_predictions_stand_with_the_company(
    api: ServiceClient, world: World, store: Store, quarterly_body: Callable[..., dict[str, Any]]
) -> None:
    client = api.as_(world.user)
    newest = await store(world.user, "A", fiscal_year=2023)
    await store(world.user, "A", fiscal_year=2021)
    for quarter in (3, 1):
        quarterly = await client.post(
            "/api/v1/predictions/quarterly", json=quarterly_body(name="A", fiscal_quarter=quarter)
        )
        assert quarterly.status_code == 201
    shown = (await client.get(f"{COMPANIES}/{newest['company']['id']}")).json()
    assert shown["latest_annual"]["id"] == newest["id"]
    assert shown["latest_quarterly"]["fiscal_quarter"] == 3
    listed = (await client.get(COMPANIES)).json()["items"]
    assert listed == [shown]


async def test_the_list_is_filtered_searched_and_sorted(api: ServiceClient, world: World, store: Store) -> None:
    member = world.one.org_member
    client = api.as_(member)
    await store(member, "Alpha Steel", company={"sector": "Steel", "symbol": "AST"}, access_level="organization")
    weak = await store(member, "Beta Energy", company={"sector": "Energy"}, ratios=WEAK)
    await store(member, "Gamma 100%_Energy", company={"sector": "Energy"})

    async def names(**params: Any) -> list[str]:
        page = await client.get(COMPANIES, params={"sort": "name", **params})
        assert page.status_code == 200, page.text
        return [each["name"] for each in page.json()["items"]]

    assert await names() == ["Alpha Steel", "Beta Energy", "Gamma 100%_Energy"]
    assert await names(sort="-name") == ["Gamma 100%_Energy", "Beta Energy", "Alpha Steel"]
    assert await names(sector="Energy") == ["Beta Energy", "Gamma 100%_Energy"]
    assert await names(symbol="ast") == ["Alpha Steel"]
    assert await names(search="ENERGY") == ["Beta Energy", "Gamma 100%_Energy"]
    assert await names(search="0%_") == ["Gamma 100%_Energy"]
    assert await names(access_level="organization") == ["Alpha Steel"]
    assert await names(risk_level=weak["risk_level"]) == ["Beta Energy"]
    assert await names(limit=1) == ["Alpha Steel"]


async def test_a_company_counts_under_its_newest_risk_level_only(
    api: ServiceClient, world: World, store: Store
) -> None:
    was = await store(world.user, "Recovered", fiscal_year=2022, ratios=WEAK)
    now = await store(world.user, "Recovered", fiscal_year=2023)
    client = api.as_(world.user)
    for made, count in ((was, 0), (now, 1)):
        page = await client.get(COMPANIES, params={"risk_level": made["risk_level"]})
        assert len(page.json()["items"]) == count


async def test_history_is_in_the_order_of_periods_with_changes_per_kind(
    api: ServiceClient, world: World, store: Store, quarterly_body: Callable[..., dict[str, Any]]
) -> None:
    client = api.as_(world.user)
    latest = await store(world.user, "A", fiscal_year=2024, ratios=WEAK)
    first = await store(world.user, "A", fiscal_year=2022)
    await client.post("/api/v1/predictions/quarterly", json=quarterly_body(name="A", fiscal_year=2023))
    history = (await client.get(f"{COMPANIES}/{first['company']['id']}/history")).json()["items"]
    assert [(each["prediction"]["kind"], each["prediction"]["fiscal_year"]) for each in history] == [
        ("annual", 2022),
        ("quarterly", 2023),
        ("annual", 2024),
    ]
    assert (history[0]["pd_change"], history[0]["grade_change"], history[1]["pd_change"]) == (None, None, None)
    assert history[2]["pd_change"] == latest["pd"] - first["pd"]
    assert history[2]["grade_change"] > 0


async def test_deleting_a_company_deletes_its_predictions(api: ServiceClient, world: World, store: Store) -> None:
    made = await store(world.user)
    client = api.as_(world.user)
    path = f"{COMPANIES}/{made['company']['id']}"
    assert_problem(await client.delete(path, headers={"If-Match": '"9"'}), 412)
    assert (await client.delete(path)).status_code == 204
    assert_problem(await client.get(path), 404)
    assert_problem(await client.get(f"/api/v1/predictions/annual/{made['id']}"), 404)
