"""Scoring again, earlier versions, entity tags and deletion."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

import psycopg

from accunode_common.testing.app import ServiceClient
from accunode_common.testing.people import World
from accunode_common.testing.problems import assert_problem
from accunode_credit.columns import KEPT

ANNUAL = "/api/v1/predictions/annual"
Body = Callable[..., dict[str, Any]]
Store = Callable[..., Awaitable[dict[str, Any]]]
RESTATED = {"return_on_assets": -30.0, "net_income_margin": -45.0, "total_debt_to_ebitda": -3.0}


async def test_rescoring_with_restated_ratios_keeps_the_earlier_version(
    api: ServiceClient, world: World, store: Store
) -> None:
    client = api.as_(world.user)
    made = await store(world.user)
    path = f"{ANNUAL}/{made['id']}"
    reply = await client.put(path, json={"ratios": RESTATED})
    assert reply.status_code == 200, reply.text
    changed = reply.json()
    assert reply.headers["etag"] == '"2"'
    assert changed["pd"] > made["pd"]
    assert changed["ratios"]["ebit_to_interest_expense"] is None
    assert changed["created_at"] == made["created_at"]
    assert (await client.get(path)).json() == changed
    versions = (await client.get(f"{path}/versions")).json()
    assert versions["current_version"] == 2
    assert [each["version"] for each in versions["items"]] == [1]
    kept = versions["items"][0]["snapshot"]
    assert set(kept) == set(KEPT)
    assert kept["ratios"] == made["ratios"]
    assert kept["updated_at"] == made["updated_at"]
    assert (kept["pd"], kept["grade"], kept["model_version"]) == (made["pd"], made["grade"], made["model_version"])
    assert versions["items"][0]["replaced_by"] == str(world.user.user_id)


async def test_rescoring_without_ratios_scores_the_stored_ones(api: ServiceClient, world: World, store: Store) -> None:
    made = await store(world.user)
    again = (await api.as_(world.user).put(f"{ANNUAL}/{made['id']}", json={})).json()
    assert (again["pd"], again["ratios"], again["version"]) == (made["pd"], made["ratios"], 2)


async def test_a_stale_entity_tag_changes_nothing(api: ServiceClient, world: World, store: Store) -> None:
    client = api.as_(world.user)
    made = await store(world.user)
    path = f"{ANNUAL}/{made['id']}"
    assert (await client.put(path, json={}, headers={"If-Match": '"1"'})).status_code == 200
    stale = {"If-Match": '"1"'}
    assert_problem(await client.put(path, json={"ratios": RESTATED}, headers=stale), 412, "stale_version")
    assert_problem(await client.delete(path, headers=stale), 412, "stale_version")
    assert len((await client.get(f"{path}/versions")).json()["items"]) == 1
    assert (await client.delete(path, headers={"If-Match": '"2"'})).status_code == 204


async def test_of_simultaneous_changes_under_one_entity_tag_one_wins(
    api: ServiceClient, world: World, store: Store
) -> None:
    made = await store(world.user)
    put, headers = api.as_(world.user).put, {"If-Match": '"1"'}
    replies = await asyncio.gather(*(put(f"{ANNUAL}/{made['id']}", json={}, headers=headers) for _ in range(6)))
    assert sorted(reply.status_code for reply in replies) == [200, 412, 412, 412, 412, 412]


async def test_simultaneous_changes_without_an_entity_tag_all_keep_their_predecessor(
    api: ServiceClient, world: World, store: Store
) -> None:
    made = await store(world.user)
    put = api.as_(world.user).put
    replies = await asyncio.gather(*(put(f"{ANNUAL}/{made['id']}", json={}) for _ in range(6)))
    assert sorted(reply.json()["version"] for reply in replies) == [2, 3, 4, 5, 6, 7]
    versions = (await api.as_(world.user).get(f"{ANNUAL}/{made['id']}/versions")).json()
    assert [each["version"] for each in versions["items"]] == [6, 5, 4, 3, 2, 1]


async def test_a_deleted_prediction_is_gone_and_its_company_stays(
    api: ServiceClient, world: World, store: Store, superuser: psycopg.Connection
) -> None:
    client = api.as_(world.user)
    made = await store(world.user)
    path = f"{ANNUAL}/{made['id']}"
    await client.put(path, json={})
    reply = await client.delete(path)
    assert (reply.status_code, reply.content) == (204, b"")
    assert_problem(await client.get(path), 404)
    assert_problem(await client.delete(path), 404)
    company = await client.get(f"/api/v1/companies/{made['company']['id']}")
    assert company.json()["latest_annual"] is None
    left = superuser.execute(
        "SELECT count(*) FROM credit.prediction_versions WHERE prediction_id = %s", [made["id"]]
    ).fetchone()
    assert left == (0,)
    assert (await store(world.user))["id"] != made["id"]


def _left(superuser: psycopg.Connection, tenant_id: UUID) -> list[dict[str, Any]]:
    rows = superuser.execute(
        "SELECT to_jsonb(d) FROM credit.deleted_predictions d WHERE tenant_id = %s ORDER BY deleted_at", [tenant_id]
    ).fetchall()
    return [row[0] for row in rows]


async def test_a_deleted_company_leaves_what_was_said_of_it_without_its_name(
    api: ServiceClient, world: World, annual_body: Body, superuser: psycopg.Connection
) -> None:
    client = api.as_(world.one.org_member)
    body = annual_body(access_level="organization")
    made = (await client.post(ANNUAL, json=body)).json()
    company = made["company"]
    restated = (await client.put(f"{ANNUAL}/{made['id']}", json={"ratios": RESTATED})).json()
    reply = await client.post(
        f"/api/v1/companies/{company['id']}/outcomes", json={"defaulted_on": "2024-05-06", "event": "bankruptcy"}
    )
    assert reply.status_code == 201, reply.text
    assert (await client.delete(f"/api/v1/companies/{company['id']}")).status_code == 204
    (left,) = _left(superuser, world.one.id)
    assert [(score["pd"], score["grade"], score["model_version"]) for score in left["scores"]] == [
        (each["pd"], each["grade"], each["model_version"]) for each in (made, restated)
    ]
    assert [score["given_at"] for score in left["scores"]] == [made["updated_at"], restated["updated_at"]]
    given = [{name: value for name, value in each["ratios"].items() if value is not None} for each in (made, restated)]
    assert [score["inputs"] for score in left["scores"]] == given
    assert (left["access_level"], left["scope_id"]) == ("organization", str(world.one.organization_id))
    assert (left["kind"], left["fiscal_year"], left["fiscal_quarter"]) == ("annual", made["fiscal_year"], None)
    assert left["defaulted_on"] == ["2024-05-06"]
    for known in (company["name"], company["id"], made["id"], str(world.one.org_member.user_id)):
        assert known not in json.dumps(left)


async def test_a_prediction_deleted_before_its_company_loses_the_company_with_it(
    api: ServiceClient, world: World, annual_body: Body, superuser: psycopg.Connection
) -> None:
    client = api.as_(world.one.org_member)
    made = [
        (await client.post(ANNUAL, json=annual_body(access_level="organization", fiscal_year=year))).json()
        for year in (2020, 2021)
    ]
    company_id = made[0]["company"]["id"]
    assert (await client.delete(f"{ANNUAL}/{made[0]['id']}")).status_code == 204
    assert [each["obligor_id"] for each in _left(superuser, world.one.id)] == [company_id]
    assert (await client.delete(f"/api/v1/companies/{company_id}")).status_code == 204
    left = _left(superuser, world.one.id)
    assert sorted(each["fiscal_year"] for each in left) == [2020, 2021]
    (nobody,) = {each["obligor_id"] for each in left}
    assert nobody != company_id


async def test_deleted_personal_records_leave_nothing(
    api: ServiceClient, world: World, annual_body: Body, superuser: psycopg.Connection
) -> None:
    client = api.as_(world.one.org_member)
    made = [
        (await client.post(ANNUAL, json=annual_body(access_level="personal", fiscal_year=year))).json()
        for year in (2020, 2021)
    ]
    assert (await client.delete(f"{ANNUAL}/{made[0]['id']}")).status_code == 204
    assert (await client.delete(f"/api/v1/companies/{made[0]['company']['id']}")).status_code == 204
    assert _left(superuser, world.one.id) == []
