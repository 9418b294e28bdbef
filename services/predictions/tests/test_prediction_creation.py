"""Creating predictions: what is stored, what is refused, and what happens once."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import psycopg
import pytest

from accunode_common.ids import new_id
from accunode_common.testing.app import ServiceClient
from accunode_common.testing.people import Caller, World
from accunode_common.testing.problems import assert_problem
from accunode_scoring import Kind, ModelLibrary

ANNUAL = "/api/v1/predictions/annual"
QUARTERLY = "/api/v1/predictions/quarterly"
Body = Callable[..., dict[str, Any]]
Store = Callable[..., Awaitable[dict[str, Any]]]


async def test_a_created_prediction_is_scored_stored_and_found_at_its_location(
    api: ServiceClient, world: World, annual_body: Body
) -> None:
    client = api.as_(world.one.org_member)
    reply = await client.post(ANNUAL, json=annual_body(access_level="organization"))
    assert reply.status_code == 201, reply.text
    made = reply.json()
    score = ModelLibrary.load().champion(Kind.ANNUAL).score(annual_body()["ratios"])
    assert made["pd"] == pytest.approx(score.pd, rel=1e-12)
    assert made["pd"] <= made["pd_2y"] <= made["pd_3y"]
    assert made["grade"] == score.grade
    assert made["reason_codes"] == [reason.code for reason in score.reasons[:4]]
    assert len(made["reasons"]) >= 4
    assert made["organization_id"] == str(world.one.organization_id)
    assert reply.headers["location"] == f"{ANNUAL}/{made['id']}"
    assert reply.headers["etag"] == '"1"'
    found = await client.get(reply.headers["location"])
    assert found.json() == made
    assert found.headers["etag"] == '"1"'


async def test_every_role_stores_and_reads_its_own_personal_records(
    api: ServiceClient, caller: Caller, annual_body: Body
) -> None:
    reply = await api.as_(caller).post(ANNUAL, json=annual_body())
    assert reply.status_code == 201, reply.text
    assert reply.json()["access_level"] == "personal"
    assert (await api.as_(caller).get(reply.headers["location"])).status_code == 200


async def test_a_quarterly_prediction_has_a_quarter_and_is_no_annual_one(
    api: ServiceClient, world: World, quarterly_body: Body
) -> None:
    client = api.as_(world.user)
    made = (await client.post(QUARTERLY, json=quarterly_body())).json()
    assert (made["kind"], made["fiscal_quarter"]) == ("quarterly", 2)
    assert (await client.get(f"{QUARTERLY}/{made['id']}")).json() == made
    assert_problem(await client.get(f"{ANNUAL}/{made['id']}"), 404)
    assert_problem(await client.delete(f"{ANNUAL}/{made['id']}"), 404)
    other = await client.post(QUARTERLY, json=quarterly_body(fiscal_quarter=3))
    assert other.json()["company"]["id"] == made["company"]["id"]


async def test_a_missing_ratio_and_a_negative_zero_are_stored_as_they_were_given(
    api: ServiceClient, world: World, store: Store
) -> None:
    made = await store(world.user, ratios={"net_income_margin": None, "total_debt_to_ebitda": -0.0})
    assert made["ratios"]["net_income_margin"] is None
    assert str(made["ratios"]["total_debt_to_ebitda"]) == "-0.0"
    assert "missing:net_income_margin" in made["flags"]
    explained = (await api.as_(world.user).get(f"{ANNUAL}/{made['id']}/explanation")).json()
    assert explained["pd"] == made["pd"]


@pytest.mark.parametrize(
    ("change", "pointer", "code"),
    [
        ({"ratios": {"return_on_assets": "12,5"}}, "/body/ratios/return_on_assets", "not_a_number"),
        ({"ratios": {"return_on_assets": True}}, "/body/ratios/return_on_assets", "not_a_number"),
        ({"ratios": {"return_on_assets": 1e6}}, "/body/ratios/return_on_assets", "sentinel"),
        ({"ratios": {"return_on_assets": -100_000_000}}, "/body/ratios/return_on_assets", "sentinel"),
        ({"ratios": {}}, "/body/ratios", "no_ratios"),
        ({"ratios": {"return_on_assets": None}}, "/body/ratios", "no_ratios"),
        ({"ratios": {"sga_margin": 1.0, "return_on_assets": 1.0}}, "/body/ratios/sga_margin", "extra_forbidden"),
        ({"fiscal_year": 0}, "/body/fiscal_year", "greater_than_equal"),
        ({"fiscal_year": "2024"}, "/body/fiscal_year", "int_type"),
        ({"fiscal_year": 2024.5}, "/body/fiscal_year", "int_type"),
        ({"fiscal_quarter": 1}, "/body/fiscal_quarter", "extra_forbidden"),
        ({"company": {"name": "  "}}, "/body/company/name", "string_too_short"),
        ({"company": {"name": "A", "symbol": "\u20ac"}}, "/body/company/symbol", "string_pattern_mismatch"),
        ({"company": {"name": "A", "market_cap": 1}}, "/body/company/currency", "missing"),
        ({"company": None}, "/body", "company"),
        ({"company_id": str(new_id())}, "/body", "company"),
        ({"access_level": "everyone"}, "/body/access_level", "enum"),
        ({"pd": 0.01}, "/body/pd", "extra_forbidden"),
    ],
)
async def test_bad_input_is_refused_with_what_where_and_why(
    api: ServiceClient, world: World, annual_body: Body, change: dict[str, Any], pointer: str, code: str
) -> None:
    reply = await api.as_(world.user).post(ANNUAL, json=annual_body(**change))
    assert_problem(reply, 422, pointer=pointer, fault=code)
    assert (await api.as_(world.user).get(ANNUAL)).json()["items"] == []


@pytest.mark.parametrize("number", ["Infinity", "-Infinity", "NaN", "1e999"])
async def test_infinities_in_the_body_are_refused(api: ServiceClient, world: World, number: str) -> None:
    body = f'{{"company": {{"name": "A"}}, "fiscal_year": 2024, "ratios": {{"return_on_assets": {number}}}}}'
    reply = await api.as_(world.user).post(ANNUAL, content=body, headers={"Content-Type": "application/json"})
    assert_problem(reply, 422, pointer="/body/ratios/return_on_assets", fault="not_finite")


async def test_every_fault_of_a_body_is_told_at_once(api: ServiceClient, world: World, annual_body: Body) -> None:
    body = annual_body(ratios={"return_on_assets": "x", "net_income_margin": 1e9}, fiscal_year=0)
    problem = assert_problem(await api.as_(world.user).post(ANNUAL, json=body), 422, "invalid_input")
    assert {error["pointer"] for error in problem["errors"]} == {
        "/body/fiscal_year",
        "/body/ratios/net_income_margin",
        "/body/ratios/return_on_assets",
    }


async def test_a_second_prediction_for_a_period_is_refused_and_names_the_first(
    api: ServiceClient, world: World, store: Store, annual_body: Body
) -> None:
    made = await store(world.user)
    reply = await api.as_(world.user).post(ANNUAL, json=annual_body(name="NORTHWIND  energy corp"))
    problem = assert_problem(reply, 409, "already_exists")
    assert made["id"] in problem["detail"]
    assert "PUT" in problem["detail"]
    assert reply.headers["location"] == f"{ANNUAL}/{made['id']}"
    assert (await api.as_(world.user).post(ANNUAL, json=annual_body(fiscal_year=2023))).status_code == 201


async def test_a_company_is_known_again_by_its_symbol_or_by_its_name(
    api: ServiceClient, world: World, store: Store
) -> None:
    first = await store(world.user, "Acme Ltd", company={"symbol": "acme", "sector": "Tools"}, fiscal_year=2021)
    by_symbol = await store(world.user, "Acme Limited", company={"symbol": "ACME"}, fiscal_year=2022)
    by_name = await store(world.user, " acme  LTD ", fiscal_year=2023)
    assert {each["company"]["id"] for each in (first, by_symbol, by_name)} == {first["company"]["id"]}
    assert by_symbol["company"] == {**first["company"], "name": "Acme Ltd", "symbol": "ACME", "sector": "Tools"}


async def test_a_companys_own_access_level_counts(api: ServiceClient, world: World, store: Store) -> None:
    made = await store(world.one.org_member, access_level="organization")
    body = {
        "company_id": made["company"]["id"],
        "fiscal_year": 2020,
        "ratios": {"return_on_assets": 1.0, "net_income_margin": 1.0, "total_debt_to_ebitda": 2.0},
    }
    client = api.as_(world.one.org_member)
    reply = await client.post(ANNUAL, json={**body, "access_level": "personal"})
    assert_problem(reply, 422, pointer="/body/access_level", fault="other_level")
    assert (await client.post(ANNUAL, json=body)).json()["access_level"] == "organization"
    assert_problem(await client.post(ANNUAL, json={**body, "company_id": str(new_id())}), 404)


async def test_of_simultaneous_creations_one_wins_and_all_others_name_it(
    api: ServiceClient, world: World, annual_body: Body, superuser: psycopg.Connection
) -> None:
    callers = [world.one.org_member, world.one.other_member, world.one.org_admin] * 4
    body = annual_body(name="Contested Plc", access_level="organization")
    replies = await asyncio.gather(*(api.as_(caller).post(ANNUAL, json=body) for caller in callers))
    made = [reply.json() for reply in replies if reply.status_code == 201]
    assert len(made) == 1, [reply.text for reply in replies]
    for reply in replies:
        if reply.status_code != 201:
            assert made[0]["id"] in assert_problem(reply, 409, "already_exists")["detail"]
    stored = superuser.execute("SELECT count(*) FROM credit.companies WHERE tenant_id = %s", [world.one.id]).fetchone()
    assert stored == (1,)


async def test_simultaneous_periods_of_a_new_company_share_it(
    api: ServiceClient, world: World, annual_body: Body
) -> None:
    bodies = [annual_body(name="Shared Plc", fiscal_year=year) for year in range(2010, 2022)]
    replies = await asyncio.gather(*(api.as_(world.user).post(ANNUAL, json=body) for body in bodies))
    assert [reply.status_code for reply in replies] == [201] * len(bodies)
    assert len({reply.json()["company"]["id"] for reply in replies}) == 1


async def test_a_company_that_is_deleted_at_the_same_time_is_a_conflict(
    api: ServiceClient, world: World, store: Store, superuser: psycopg.Connection
) -> None:
    made = await store(world.user)
    body = {
        "company_id": made["company"]["id"],
        "fiscal_year": 2020,
        "ratios": {"return_on_assets": 1.0, "net_income_margin": 1.0, "total_debt_to_ebitda": 2.0},
    }
    with superuser.transaction():
        superuser.execute("DELETE FROM credit.companies WHERE id = %s", [made["company"]["id"]])
        waiting = asyncio.create_task(api.as_(world.user).post(ANNUAL, json=body))
        await _until_one_waits_for(superuser)
        assert not waiting.done()
    assert_problem(await waiting, 409, "conflict")


async def _until_one_waits_for(holder: psycopg.Connection) -> None:
    """Return once another connection waits for a lock of this one."""
    waiters = "SELECT 1 FROM pg_locks WHERE NOT granted AND pg_backend_pid() = ANY(pg_blocking_pids(pid))"
    async with asyncio.timeout(60):
        while True:
            if holder.execute(waiters).fetchone():
                return
            await asyncio.sleep(0.01)


async def test_a_repeat_under_one_idempotency_key_gets_the_first_reply_and_stores_nothing(
    api: ServiceClient, world: World, annual_body: Body
) -> None:
    client, headers = api.as_(world.user), {"Idempotency-Key": f"key-{new_id()}"}
    first = await client.post(ANNUAL, json=annual_body(), headers=headers)
    again = await client.post(ANNUAL, json=annual_body(), headers=headers)
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.json() == first.json()
    assert again.headers["location"] == first.headers["location"]
    assert again.headers["etag"] == first.headers["etag"]
    other = await client.post(ANNUAL, json=annual_body(fiscal_year=2020), headers=headers)
    assert_problem(other, 409, "idempotency_conflict")
    assert (await client.get(ANNUAL, params={"with_total": True})).json()["total"] == 1
    stranger = await api.as_(world.other_user).post(ANNUAL, json=annual_body(), headers=headers)
    assert stranger.json()["id"] != first.json()["id"]


@pytest.mark.parametrize("loss", ["deleted", "another's", "another organization's"])
async def test_a_reply_is_not_given_again_once_its_record_is_gone(
    api: ServiceClient, world: World, annual_body: Body, superuser: psycopg.Connection, loss: str
) -> None:
    client, headers = api.as_(world.one.org_member), {"Idempotency-Key": f"key-{new_id()}"}
    body = annual_body(access_level="organization")
    made = await client.post(ANNUAL, json=body, headers=headers)
    statements = {
        "deleted": "DELETE FROM credit.predictions WHERE id = %(id)s",
        "another's": "UPDATE credit.predictions SET access_level = 'personal', organization_id = null,"
        " created_by = %(other)s WHERE id = %(id)s",
        "another organization's": "UPDATE credit.predictions SET organization_id = %(organization)s WHERE id = %(id)s",
    }
    superuser.execute(
        statements[loss],
        {
            "id": made.json()["id"],
            "other": world.one.other_member.user_id,
            "organization": world.one.outsider.subject.organization_id,
        },
    )
    again = await client.post(ANNUAL, json=body, headers=headers)
    assert_problem(again, 409, "idempotency_conflict")
    assert made.json()["id"] not in again.text
    # No code moves a prediction to another owner, so nothing that is kept about it follows.
    superuser.execute("DELETE FROM credit.companies WHERE id = %s", [made.json()["company"]["id"]])


async def test_a_repeated_deletion_is_answered_as_the_first_was(
    api: ServiceClient, world: World, annual_body: Body
) -> None:
    client, headers = api.as_(world.user), {"Idempotency-Key": f"key-{new_id()}"}
    path = f"{ANNUAL}/{(await client.post(ANNUAL, json=annual_body())).json()['id']}"
    replies = [await client.delete(path, headers=headers) for _ in range(2)]
    assert [reply.status_code for reply in replies] == [204, 204]


async def test_simultaneous_repeats_under_one_idempotency_key_agree(
    api: ServiceClient, world: World, annual_body: Body
) -> None:
    headers = {"Idempotency-Key": f"key-{new_id()}"}
    post = api.as_(world.user).post
    replies = await asyncio.gather(*(post(ANNUAL, json=annual_body(), headers=headers) for _ in range(5)))
    assert {reply.status_code for reply in replies} == {201}
    assert len({reply.json()["id"] for reply in replies}) == 1


async def test_the_first_predictions_of_a_company_may_be_added_at_once(
    api: ServiceClient, world: World, annual_body: Body
) -> None:
    client = api.as_(world.one.org_member)
    for number in range(5):
        made = await client.post("/api/v1/companies", json={"name": f"Twice First {number}"})
        body = {"fiscal_year": 2020, "company_id": made.json()["id"], "ratios": annual_body()["ratios"]}
        replies = await asyncio.gather(
            *(client.post(ANNUAL, json={**body, "fiscal_year": year}) for year in (2021, 2022, 2023, 2024))
        )
        assert [reply.status_code for reply in replies] == [201] * 4, [reply.text for reply in replies]
