"""The dashboard and the migration matrix."""

from collections.abc import Awaitable, Callable
from statistics import median
from typing import Any

import pytest

from accunode_common.testing.app import ServiceClient
from accunode_common.testing.people import World
from accunode_common.testing.problems import assert_problem
from accunode_predictions.portfolio.schemas import Dashboard

Store = Callable[..., Awaitable[dict[str, Any]]]
WEAK = {"return_on_assets": -60.0, "net_income_margin": -80.0, "total_debt_to_ebitda": -5.0}


async def test_the_dashboard_shows_each_company_by_its_newest_prediction(
    api: ServiceClient, world: World, store: Store
) -> None:
    member = world.one.org_member
    await store(member, "Falling", fiscal_year=2023)
    fallen = await store(member, "Falling", ratios=WEAK)
    steady = await store(member, "Steady", company={"sector": "Energy"})
    await store(world.one.outsider, "Unseen", ratios=WEAK)
    shown = (await api.as_(member).get("/api/v1/portfolio/dashboard")).json()
    assert (shown["companies"], shown["predictions"]) == (2, 3)
    assert abs(shown["expected_defaults"] - (fallen["pd"] + steady["pd"])) < 1e-12
    assert [each["prediction_id"] for each in shown["riskiest"]] == [fallen["id"], steady["id"]]
    assert [each["name"] for each in shown["deteriorated"]] == ["Falling"]
    assert shown["recent"][0]["prediction_id"] == steady["id"]
    assert sum(each["count"] for each in shown["grades"]) == 2
    assert [(each["fiscal_year"], each["count"]) for each in shown["trend"]] == [(2023, 1), (2024, 2)]


async def test_a_dashboard_is_as_new_as_its_callers_last_write(api: ServiceClient, world: World, store: Store) -> None:
    member = api.as_(world.one.org_member)

    async def shown() -> dict[str, Any]:
        found: dict[str, Any] = (await member.get("/api/v1/portfolio/dashboard")).json()
        return found

    first = await store(world.one.org_member, "First", ratios=WEAK)
    assert [each["name"] for each in (await shown())["riskiest"]] == ["First"]
    later = await store(world.one.org_member, "First", fiscal_year=2025)
    found = await shown()
    assert (found["companies"], found["predictions"], found["riskiest"][0]["pd"]) == (1, 2, later["pd"])
    assert found["riskiest"][0]["pd_change"] == pytest.approx(later["pd"] - first["pd"], abs=1e-12)
    company = f"/api/v1/companies/{first['company']['id']}"
    etag = (await member.get(company)).headers["ETag"]
    reply = await member.patch(company, json={"name": "Renamed"}, headers={"If-Match": etag})
    assert reply.status_code == 200, reply.text
    assert [each["name"] for each in (await shown())["recent"]] == ["Renamed"]
    path = f"/api/v1/predictions/annual/{later['id']}"
    etag = (await member.get(path)).headers["ETag"]
    assert (await member.delete(path, headers={"If-Match": etag})).status_code == 204
    found = await shown()
    assert (found["predictions"], found["median_pd"], found["riskiest"][0]["pd_change"]) == (1, first["pd"], None)


@pytest.mark.parametrize("number", [1, 2, 5, 6])
async def test_medians_are_those_of_all_rows(api: ServiceClient, world: World, store: Store, number: int) -> None:
    pds = []
    for place in range(number):
        ratios = {"return_on_assets": 6.0 - 9 * (place % 4), "net_income_margin": 5.0 - 11 * place}
        stored = await store(world.one.org_member, f"Company {place}", ratios=ratios)
        pds.append(stored["pd"])
    member = api.as_(world.one.org_member)
    counted = (await member.get("/api/v1/predictions/stats", params={"kind": "annual"})).json()["kinds"][0]
    dashboard = (await member.get("/api/v1/portfolio/dashboard")).json()
    assert counted["median_pd"] == dashboard["median_pd"] == pytest.approx(median(pds), abs=1e-15)


async def test_an_empty_portfolio_has_a_dashboard_of_zeros(api: ServiceClient, world: World) -> None:
    shown = (await api.as_(world.other_user).get("/api/v1/portfolio/dashboard", params={"kind": "quarterly"})).json()
    assert (shown["companies"], shown["expected_defaults"], shown["mean_pd"]) == (0, 0.0, None)
    assert [each["count"] for each in shown["risk_levels"]] == [0, 0, 0, 0]


async def test_a_cached_dashboard_is_only_ever_given_to_the_same_caller(
    api: ServiceClient, world: World, store: Store
) -> None:
    await store(world.one.org_member)
    first = (await api.as_(world.one.org_member).get("/api/v1/portfolio/dashboard")).json()
    again = (await api.as_(world.one.org_member).get("/api/v1/portfolio/dashboard")).json()
    assert again["generated_at"] == first["generated_at"]
    for caller in (world.one.other_member, world.one.tenant_admin, world.two.org_member, world.user):
        assert (await api.as_(caller).get("/api/v1/portfolio/dashboard")).json()["companies"] == 0


async def test_the_migration_matrix_counts_moves_entries_and_exits(
    api: ServiceClient, world: World, store: Store
) -> None:
    member = world.one.org_member
    before = await store(member, "Falling", fiscal_year=2023)
    after = await store(member, "Falling", ratios=WEAK)
    await store(member, "Steady", fiscal_year=2023)
    await store(member, "Steady")
    await store(member, "Gone", fiscal_year=2023)
    await store(member, "New")
    query = {"from_year": 2023, "to_year": 2024}
    found = (await api.as_(member).get("/api/v1/portfolio/migration", params=query)).json()
    assert (found["companies"], found["unchanged"], found["worsened"], found["improved"]) == (2, 1, 1, 0)
    assert (found["entered"], found["left"]) == (1, 1)
    row = found["rows"][found["states"].index(before["grade"])]
    assert row["counts"][found["states"].index(after["grade"])] == 1
    assert sum(row["shares"]) == 1.0
    levels = (await api.as_(member).get("/api/v1/portfolio/migration", params={**query, "by": "risk_level"})).json()
    assert levels["states"] == ["LOW", "MEDIUM", "HIGH", "CRITICAL"]


async def test_quarters_must_fit_the_kind(api: ServiceClient, world: World) -> None:
    query = {"from_year": 2023, "to_year": 2024, "from_quarter": 1}
    reply = await api.as_(world.one.org_member).get("/api/v1/portfolio/migration", params=query)
    assert_problem(reply, 422, pointer="/query/from_quarter", fault="quarter")


async def test_only_members_of_an_organization_and_above_see_migrations(api: ServiceClient, world: World) -> None:
    query = {"from_year": 2023, "to_year": 2024}
    assert_problem(await api.as_(world.user).get("/api/v1/portfolio/migration", params=query), 403, "forbidden")


async def test_a_cached_dashboard_is_what_its_schema_writes(api: ServiceClient, world: World, store: Store) -> None:
    await store(world.one.org_member, "Cached")
    made, kept = [await api.as_(world.one.org_member).get("/api/v1/portfolio/dashboard") for _ in range(2)]
    assert made.content == kept.content == Dashboard.model_validate_json(kept.content).model_dump_json().encode()
    assert kept.headers["content-type"] == made.headers["content-type"] == "application/json"
