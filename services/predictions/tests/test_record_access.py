"""Who sees and changes which records: every role, two tenants, three access levels."""

from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import psycopg
import pytest

from accunode_common.testing.app import ServiceClient
from accunode_common.testing.people import Caller, World
from accunode_common.testing.problems import assert_problem

Store = Callable[..., Awaitable[dict[str, Any]]]
ANNUAL = "/api/v1/predictions/annual"
CALLERS = {
    "super_admin": lambda world: world.super_admin,
    "tenant_admin": lambda world: world.one.tenant_admin,
    "org_admin": lambda world: world.one.org_admin,
    "creator": lambda world: world.one.org_member,
    "other_member": lambda world: world.one.other_member,
    "outsider": lambda world: world.one.outsider,
    "user": lambda world: world.user,
    "foreign_tenant_admin": lambda world: world.two.tenant_admin,
    "foreign_org_admin": lambda world: world.two.org_admin,
    "foreign_member": lambda world: world.two.org_member,
}
SEES = {
    "personal": {"creator"},
    "organization": {"creator", "other_member", "org_admin", "tenant_admin"},
}
CHANGES = {"personal": {"creator"}, "organization": {"creator", "org_admin"}}

Send = Callable[[ServiceClient, Caller, dict[str, Any]], Awaitable[httpx.Response]]


def _reader(path: str) -> Send:
    async def send(api: ServiceClient, caller: Caller, made: dict[str, Any]) -> httpx.Response:
        return await api.as_(caller).get(path.format(id=made["id"], company=made["company"]["id"]))

    return send


READS = {
    "prediction": _reader(f"{ANNUAL}/{{id}}"),
    "explanation": _reader(f"{ANNUAL}/{{id}}/explanation"),
    "versions": _reader(f"{ANNUAL}/{{id}}/versions"),
    "company": _reader("/api/v1/companies/{company}"),
    "history": _reader("/api/v1/companies/{company}/history"),
}


async def _rescore(api: ServiceClient, caller: Caller, made: dict[str, Any]) -> httpx.Response:
    return await api.as_(caller).put(f"{ANNUAL}/{made['id']}", json={})


async def _patch(api: ServiceClient, caller: Caller, made: dict[str, Any]) -> httpx.Response:
    return await api.as_(caller).patch(f"/api/v1/companies/{made['company']['id']}", json={"sector": "New"})


async def _delete_prediction(api: ServiceClient, caller: Caller, made: dict[str, Any]) -> httpx.Response:
    return await api.as_(caller).delete(f"{ANNUAL}/{made['id']}")


async def _delete_company(api: ServiceClient, caller: Caller, made: dict[str, Any]) -> httpx.Response:
    return await api.as_(caller).delete(f"/api/v1/companies/{made['company']['id']}")


WRITES: dict[str, Send] = {
    "rescore": _rescore,
    "patch": _patch,
    "delete prediction": _delete_prediction,
    "delete company": _delete_company,
}


@pytest.mark.parametrize("who", CALLERS)
@pytest.mark.parametrize("level", SEES)
async def test_a_record_is_read_by_those_it_belongs_to_and_unknown_to_all_others(
    api: ServiceClient, world: World, store: Store, level: str, who: str
) -> None:
    made = await store(world.one.org_member, access_level=level)
    for name, send in READS.items():
        reply = await send(api, CALLERS[who](world), made)
        if who in SEES[level]:
            assert reply.status_code == 200, f"{name}: {reply.text}"
        else:
            assert_problem(reply, 404, "not_found")
            assert made["company"]["name"] not in reply.text


@pytest.mark.parametrize("who", CALLERS)
@pytest.mark.parametrize("level", SEES)
@pytest.mark.parametrize("write", WRITES)
async def test_a_record_is_changed_by_its_creator_or_its_organizations_admin_only(
    api: ServiceClient, world: World, store: Store, level: str, who: str, write: str
) -> None:
    made = await store(world.one.org_member, access_level=level)
    reply = await WRITES[write](api, CALLERS[who](world), made)
    if who in CHANGES[level]:
        assert reply.status_code in {200, 204}, reply.text
        return
    assert_problem(reply, 403 if who in SEES[level] else 404)
    again = (await api.as_(world.one.org_member).get(f"{ANNUAL}/{made['id']}")).json()
    assert again == made


@pytest.mark.parametrize("who", CALLERS)
@pytest.mark.parametrize("level", SEES)
async def test_lists_counts_and_files_show_what_may_be_seen_and_nothing_else(
    api: ServiceClient, world: World, store: Store, level: str, who: str
) -> None:
    made = await store(world.one.org_member, "Distinctive Plc", company={"symbol": "DSTV"}, access_level=level)
    client = api.as_(CALLERS[who](world))
    seen = who in SEES[level]
    listed = (await client.get(ANNUAL, params={"with_total": True})).json()
    assert (made["id"] in [each["id"] for each in listed["items"]], listed["total"]) == (seen, int(seen))
    companies = (await client.get("/api/v1/companies", params={"with_total": True, "search": "distinctive"})).json()
    assert (len(companies["items"]), companies["total"]) == (int(seen), int(seen))
    assert (await client.get("/api/v1/companies/by-symbol/dstv")).status_code == (200 if seen else 404)
    assert (await client.get("/api/v1/predictions/stats")).json()["total"] == int(seen)
    assert ("Distinctive" in (await client.get(f"{ANNUAL}/export")).text) == seen
    assert (await client.get("/api/v1/portfolio/dashboard")).json()["companies"] == int(seen)


async def test_nobody_signed_in_gets_nothing(api: ServiceClient, world: World, store: Store) -> None:
    made = await store(world.one.org_member)
    for path in (f"{ANNUAL}/{made['id']}", ANNUAL, "/api/v1/companies", "/api/v1/models", f"{ANNUAL}/export"):
        assert_problem(await api.as_(None).get(path), 401, "unauthenticated")


@pytest.mark.parametrize("who", ["tenant_admin", "user"])
async def test_only_members_of_an_organization_create_its_records(
    api: ServiceClient, world: World, annual_body: Callable[..., dict[str, Any]], who: str
) -> None:
    client = api.as_(CALLERS[who](world))
    assert_problem(await client.post(ANNUAL, json=annual_body(access_level="organization")), 403, "forbidden")
    body = {"name": "X", "access_level": "organization"}
    assert_problem(await client.post("/api/v1/companies", json=body), 403, "forbidden")


@pytest.mark.parametrize("who", [name for name in CALLERS if name != "super_admin"])
async def test_only_super_admins_create_system_records(
    api: ServiceClient, world: World, annual_body: Callable[..., dict[str, Any]], who: str
) -> None:
    reply = await api.as_(CALLERS[who](world)).post(ANNUAL, json=annual_body(access_level="system"))
    assert_problem(reply, 403, "forbidden")


async def test_system_records_are_read_where_sharing_is_on_and_changed_by_super_admins_only(
    api: ServiceClient, world: World, store: Store, superuser: psycopg.Connection
) -> None:
    name = f"System {world.one.id}"
    made = await store(world.super_admin, name, access_level="system")
    path, listing = f"{ANNUAL}/{made['id']}", f"{ANNUAL}/system"
    by_name = {"search": name}
    member = api.as_(world.one.org_member)
    assert_problem(await member.get(path), 404)
    assert (await member.get(listing)).json()["items"] == []
    superuser.execute(
        "UPDATE tenancy.organizations SET global_data_access = true WHERE id = %s", [world.one.organization_id]
    )
    assert (await member.get(path)).json()["id"] == made["id"]
    assert (await member.get(f"{path}/explanation")).status_code == 200
    assert made["id"] in [each["id"] for each in (await member.get(listing)).json()["items"]]
    assert (await member.get(ANNUAL)).json()["items"] == []
    assert len((await member.get("/api/v1/companies", params=by_name)).json()["items"]) == 1
    assert_problem(await member.put(path, json={}), 403, "forbidden")
    assert_problem(await member.delete(f"/api/v1/companies/{made['company']['id']}"), 403, "forbidden")
    body = {
        "company_id": made["company"]["id"],
        "fiscal_year": 2020,
        "ratios": {"return_on_assets": 1.0, "net_income_margin": 1.0, "total_debt_to_ebitda": 2.0},
    }
    assert_problem(await member.post(ANNUAL, json=body), 403, "forbidden")
    assert_problem(await api.as_(world.two.org_member).get(path), 404)
    assert (await api.as_(world.super_admin).put(path, json={})).status_code == 200
    assert (await api.as_(world.super_admin).delete(path)).status_code == 204


async def test_members_add_predictions_to_a_colleagues_company_and_others_cannot(
    api: ServiceClient, world: World, store: Store
) -> None:
    made = await store(world.one.org_member, access_level="organization")
    body = {
        "company_id": made["company"]["id"],
        "fiscal_year": 2023,
        "ratios": {"return_on_assets": 1.0, "net_income_margin": 1.0, "total_debt_to_ebitda": 2.0},
    }
    added = await api.as_(world.one.other_member).post(ANNUAL, json=body)
    assert added.status_code == 201, added.text
    assert added.json()["created_by"] == str(world.one.other_member.user_id)
    assert_problem(await api.as_(world.one.tenant_admin).post(ANNUAL, json={**body, "fiscal_year": 2022}), 403)
    for stranger in (world.one.outsider, world.two.org_member, world.user):
        assert_problem(await api.as_(stranger).post(ANNUAL, json={**body, "fiscal_year": 2022}), 404)
    company = f"/api/v1/companies/{made['company']['id']}"
    assert_problem(await api.as_(world.one.org_member).delete(company), 409, "conflict")
    assert (await api.as_(world.one.org_admin).delete(company)).status_code == 204
    assert_problem(await api.as_(world.one.other_member).get(f"{ANNUAL}/{added.json()['id']}"), 404)


async def test_the_same_names_and_symbols_may_stand_in_every_scope(
    api: ServiceClient, world: World, store: Store
) -> None:
    company = {"symbol": "SAME"}
    made = [
        await store(world.one.org_member, "Same Plc", company=company),
        await store(world.one.org_member, "Same Plc", company=company, access_level="organization"),
        await store(world.one.other_member, "Same Plc", company=company),
        await store(world.one.outsider, "Same Plc", company=company, access_level="organization"),
        await store(world.two.org_member, "Same Plc", company=company, access_level="organization"),
    ]
    assert len({each["company"]["id"] for each in made}) == len(made)
    found = (await api.as_(world.one.org_member).get("/api/v1/companies/by-symbol/same")).json()
    assert found["id"] == made[0]["company"]["id"]
    query = {"access_level": "organization"}
    found = (await api.as_(world.one.org_member).get("/api/v1/companies/by-symbol/same", params=query)).json()
    assert found["id"] == made[1]["company"]["id"]


async def test_a_cursor_of_one_caller_shows_another_nothing_more(
    api: ServiceClient, world: World, store: Store
) -> None:
    for year in (2021, 2022, 2023):
        await store(world.one.org_member, access_level="organization", fiscal_year=year)
    first = (await api.as_(world.one.org_member).get(ANNUAL, params={"limit": 1})).json()
    params = {"limit": 1, "cursor": first["next_cursor"]}
    stolen = await api.as_(world.two.org_member).get(ANNUAL, params=params)
    if stolen.status_code == 200:
        assert stolen.json()["items"] == []
    else:
        assert_problem(stolen, 422, pointer="/query/cursor")


async def test_every_change_leaves_an_audit_event_of_its_tenant(
    api: ServiceClient, world: World, store: Store, superuser: psycopg.Connection
) -> None:
    member = world.one.org_member
    made = await store(member)
    await _rescore(api, member, made)
    await _patch(api, member, made)
    await _delete_prediction(api, member, made)
    await _delete_company(api, member, made)
    rows = superuser.execute(
        "SELECT action, resource_id, actor_id FROM audit.events WHERE tenant_id = %s ORDER BY id", [world.one.id]
    ).fetchall()
    company, prediction = made["company"]["id"], made["id"]
    assert [(action, resource) for action, resource, _ in rows] == [
        ("company.create", company),
        ("prediction.create", prediction),
        ("prediction.rescore", prediction),
        ("company.update", company),
        ("prediction.delete", prediction),
        ("company.delete", company),
    ]
    assert {actor for _, _, actor in rows} == {member.user_id}


async def _predict_beside(api: ServiceClient, caller: Caller, company: str, day: int) -> None:
    body = {
        "company_id": company,
        "fiscal_year": 2000 + day,
        "ratios": {"return_on_assets": 1.0, "net_income_margin": 1.0, "total_debt_to_ebitda": 2.0},
    }
    reply = await api.as_(caller).post(ANNUAL, json=body)
    assert reply.status_code == 201, reply.text


async def _default_beside(api: ServiceClient, caller: Caller, company: str, day: int) -> None:
    path, body = f"/api/v1/companies/{company}/outcomes", {"defaulted_on": f"2024-01-{day:02}", "event": "bankruptcy"}
    reply = await api.as_(caller).post(path, json=body)
    assert reply.status_code == 201, reply.text


ABOUT_COMPANY = {"prediction": _predict_beside, "outcome": _default_beside}


def _about(superuser: psycopg.Connection, company: str) -> list[tuple[Any, ...]]:
    return superuser.execute(
        "SELECT 'prediction', id, created_by FROM credit.predictions WHERE company_id = %(id)s UNION ALL"
        " SELECT 'outcome', id, created_by FROM credit.outcomes WHERE company_id = %(id)s UNION ALL"
        " SELECT 'company', id, created_by FROM credit.companies WHERE id = %(id)s ORDER BY 2",
        {"id": company},
    ).fetchall()


@pytest.mark.parametrize("theirs", [{"prediction": 1}, {"outcome": 2}, {"prediction": 2, "outcome": 1}])
async def test_a_company_is_not_deleted_with_what_others_know_of_it(
    api: ServiceClient, world: World, superuser: psycopg.Connection, theirs: dict[str, int]
) -> None:
    owner = api.as_(world.one.org_member)
    made = await owner.post("/api/v1/companies", json={"name": "Shared Plc", "access_level": "organization"})
    company = made.json()["id"]
    for kind, add in ABOUT_COMPANY.items():
        await add(api, world.one.org_member, company, 28)
        for day in range(1, theirs.get(kind, 0) + 1):
            await add(api, world.one.other_member, company, day)
    before = _about(superuser, company)

    refused = await owner.delete(f"/api/v1/companies/{company}")

    assert_problem(refused, 409, "conflict")
    for kind in ABOUT_COMPANY:
        count = theirs.get(kind, 0)
        assert (f"{count} {kind}" in refused.json()["detail"]) == bool(count)
    assert _about(superuser, company) == before
    assert (await api.as_(world.one.org_admin).delete(f"/api/v1/companies/{company}")).status_code == 204
    assert _about(superuser, company) == []


async def test_a_company_goes_with_its_owners_own_predictions_and_outcomes(
    api: ServiceClient, world: World, superuser: psycopg.Connection
) -> None:
    owner = world.one.org_member
    made = await api.as_(owner).post("/api/v1/companies", json={"name": "Own Plc", "access_level": "organization"})
    for add in ABOUT_COMPANY.values():
        await add(api, owner, made.json()["id"], 1)
    assert (await api.as_(owner).delete(f"/api/v1/companies/{made.json()['id']}")).status_code == 204
    assert _about(superuser, made.json()["id"]) == []
