"""Lists of predictions: filters, orders and pages."""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from accunode_common.testing.app import ServiceClient
from accunode_common.testing.people import Caller, World
from accunode_common.testing.problems import assert_problem

ANNUAL = "/api/v1/predictions/annual"
QUARTERLY = "/api/v1/predictions/quarterly"
Store = Callable[..., Awaitable[dict[str, Any]]]


async def _walk(api: ServiceClient, caller: Caller, path: str, **params: Any) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = []
    cursor: str | None = None
    while True:
        page = await api.as_(caller).get(path, params={**params, **({"cursor": cursor} if cursor else {})})
        assert page.status_code == 200, page.text
        items.extend(page.json()["items"])
        cursor = page.json()["next_cursor"]
        if cursor is None:
            return items


@pytest.fixture
async def stored(world: World, store: Store) -> list[dict[str, Any]]:
    member = world.one.org_member
    return [
        await store(
            member,
            f"Company {number}",
            company={"symbol": f"C{number}", "sector": "Energy" if number % 2 else "Steel"},
            fiscal_year=2020 + number % 3,
            access_level="organization" if number < 5 else "personal",
            ratios={
                "return_on_assets": 10.0 - 12.0 * number,
                "net_income_margin": 10.0 - 12.0 * number,
                "total_debt_to_ebitda": 2.0,
            },
        )
        for number in range(7)
    ]


@pytest.mark.parametrize("sort", ["created_at", "-created_at", "pd", "-pd"])
async def test_pages_of_any_order_hold_every_row_once(
    api: ServiceClient, world: World, stored: list[dict[str, Any]], sort: str
) -> None:
    items = await _walk(api, world.one.org_member, ANNUAL, sort=sort, limit=2)
    field = sort.removeprefix("-")
    keys = [(item[field], item["id"]) for item in items]
    assert keys == sorted(keys, reverse=sort.startswith("-"))
    assert {item["id"] for item in items} == {each["id"] for each in stored}
    assert len(items) == len(stored)


async def test_pages_neither_skip_nor_repeat_while_rows_come_and_go(
    api: ServiceClient, world: World, stored: list[dict[str, Any]], store: Store
) -> None:
    client = api.as_(world.one.org_member)
    first = (await client.get(ANNUAL, params={"limit": 3})).json()
    await store(world.one.org_member, "Newcomer")
    await client.delete(f"{ANNUAL}/{first['items'][2]['id']}")
    second = (await client.get(ANNUAL, params={"limit": 10, "cursor": first["next_cursor"]})).json()
    seen = [item["id"] for item in first["items"] + second["items"]]
    assert seen == [each["id"] for each in reversed(stored)]


@pytest.mark.parametrize("path", [ANNUAL, "/api/v1/companies"])
async def test_what_is_built_for_a_caller_serves_every_other_one_with_rows_of_its_own(
    api: ServiceClient,
    world: World,
    stored: list[dict[str, Any]],
    store: Store,
    monkeypatch: pytest.MonkeyPatch,
    path: str,
) -> None:
    theirs = [await store(world.two.org_member, f"Of another tenant {number}") for number in range(5)]
    for size in (2, 4):
        # With cursors and without: both statements are built here.
        assert len(await _walk(api, world.one.org_member, path, limit=size)) == len(stored)

    def build(*_: object, **__: object) -> None:
        raise AssertionError("A list that nothing narrows down was built again.")

    monkeypatch.setattr("accunode_common.http.pagination.first_of_groups", build)
    for caller, expected in ((world.two.org_member, theirs), (world.one.org_member, stored)):
        items = await _walk(api, caller, path, limit=3)
        assert {item["name"] if "name" in item else item["company"]["name"] for item in items} == {
            each["company"]["name"] for each in expected
        }


def _filtered(stored: list[dict[str, Any]], keep: Callable[[dict[str, Any]], bool]) -> set[str]:
    kept = {each["id"] for each in stored if keep(each)}
    assert kept
    return kept


async def test_each_filter_keeps_just_what_it_names(
    api: ServiceClient, world: World, stored: list[dict[str, Any]]
) -> None:
    middle = sorted(each["pd"] for each in stored)[3]
    moment = stored[3]["created_at"]
    level = stored[-1]["risk_level"]
    cases: list[tuple[dict[str, Any], Callable[[dict[str, Any]], bool]]] = [
        ({"symbol": "c3"}, lambda each: each["company"]["symbol"] == "C3"),
        ({"sector": "Energy"}, lambda each: each["company"]["sector"] == "Energy"),
        ({"company_id": stored[2]["company"]["id"]}, lambda each: each is stored[2]),
        ({"fiscal_year": 2021}, lambda each: each["fiscal_year"] == 2021),
        ({"risk_level": level}, lambda each: each["risk_level"] == level),
        ({"pd_min": middle}, lambda each: each["pd"] >= middle),
        ({"pd_max": middle}, lambda each: each["pd"] <= middle),
        ({"pd_min": middle, "pd_max": middle}, lambda each: each["pd"] == middle),
        ({"created_from": moment}, lambda each: each["created_at"] >= moment),
        ({"created_to": moment}, lambda each: each["created_at"] < moment),
        ({"access_level": "personal"}, lambda each: each["access_level"] == "personal"),
        ({"sector": "Energy", "fiscal_year": 2021}, lambda each: each in (stored[1],)),
    ]
    for params, keep in cases:
        items = await _walk(api, world.one.org_member, ANNUAL, limit=2, **params)
        assert {item["id"] for item in items} == _filtered(stored, keep), params


async def test_quarters_filter_quarterly_predictions_only(
    api: ServiceClient, world: World, quarterly_body: Callable[..., dict[str, Any]]
) -> None:
    client = api.as_(world.user)
    for quarter in (1, 2, 3):
        assert (await client.post(QUARTERLY, json=quarterly_body(fiscal_quarter=quarter))).status_code == 201
    found = (await client.get(QUARTERLY, params={"fiscal_quarter": 2})).json()["items"]
    assert [each["fiscal_quarter"] for each in found] == [2]
    assert_problem(await client.get(ANNUAL, params={"fiscal_quarter": 2}), 422, pointer="/query/fiscal_quarter")


@pytest.mark.parametrize(
    ("params", "pointer"),
    [
        ({"risklevel": "LOW"}, "/query/risklevel"),
        ({"risk_level": "low"}, "/query/risk_level"),
        ({"sort": "grade"}, "/query/sort"),
        ({"limit": 201}, "/query/limit"),
        ({"limit": 0}, "/query/limit"),
        ({"pd_min": 1.5}, "/query/pd_min"),
        ({"cursor": "nonsense"}, "/query/cursor"),
        ({"created_from": "2024-01-01T00:00:00"}, "/query/created_from"),
        ({"access_level": "system"}, "/query/access_level"),
    ],
)
async def test_a_parameter_that_means_nothing_is_refused(
    api: ServiceClient, world: World, params: dict[str, Any], pointer: str
) -> None:
    assert_problem(await api.as_(world.user).get(ANNUAL, params=params), 422, pointer=pointer)


async def test_a_cursor_fits_only_the_list_it_came_from(
    api: ServiceClient, world: World, stored: list[dict[str, Any]]
) -> None:
    client = api.as_(world.one.org_member)
    cursor = (await client.get(ANNUAL, params={"limit": 2})).json()["next_cursor"]
    for other in ({"sort": "pd"}, {"sector": "Energy"}):
        reply = await client.get(ANNUAL, params={"limit": 2, "cursor": cursor, **other})
        assert_problem(reply, 422, pointer="/query/cursor", fault="invalid_cursor")


async def test_times_are_utc_and_the_total_comes_on_demand(
    api: ServiceClient, world: World, stored: list[dict[str, Any]]
) -> None:
    client = api.as_(world.one.org_member)
    plain = (await client.get(ANNUAL, params={"limit": 1})).json()
    assert plain["total"] is None
    assert (await client.get(ANNUAL, params={"limit": 1, "with_total": True})).json()["total"] == len(stored)
    assert datetime.fromisoformat(plain["items"][0]["created_at"]).utcoffset() == timedelta(0)
