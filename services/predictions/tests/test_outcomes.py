"""Defaults of companies: one by one, many at once, from a file."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from accunode_common.testing.app import ServiceClient
from accunode_common.testing.people import Caller, World
from accunode_common.testing.problems import assert_problem

Store = Callable[..., Awaitable[dict[str, Any]]]
COMPANIES = "/api/v1/companies"
MANY = f"{COMPANIES}/outcomes"
BODY = {"defaulted_on": "2024-05-06", "event": "bankruptcy"}
CALLERS = {
    "super_admin": lambda world: world.super_admin,
    "tenant_admin": lambda world: world.one.tenant_admin,
    "org_admin": lambda world: world.one.org_admin,
    "creator": lambda world: world.one.org_member,
    "other_member": lambda world: world.one.other_member,
    "outsider": lambda world: world.one.outsider,
    "user": lambda world: world.user,
    "foreign_org_admin": lambda world: world.two.org_admin,
}
SEES = {"personal": {"creator"}, "organization": {"creator", "other_member", "org_admin", "tenant_admin"}}
ADDS = {"personal": {"creator"}, "organization": {"creator", "other_member", "org_admin"}}
DELETES = {"personal": {"creator"}, "organization": {"creator", "org_admin"}}


def _path(made: dict[str, Any]) -> str:
    return f"{COMPANIES}/{made['company']['id']}/outcomes"


@pytest.mark.parametrize("who", CALLERS)
@pytest.mark.parametrize("level", SEES)
async def test_an_outcome_belongs_to_the_owner_of_its_company(
    api: ServiceClient, world: World, store: Store, level: str, who: str
) -> None:
    made = await store(world.one.org_member, access_level=level)
    caller: Caller = CALLERS[who](world)
    path = _path(made)
    mine = (await api.as_(world.one.org_member).post(path, json=BODY)).json()
    listed = await api.as_(caller).get(path)
    everything = (await api.as_(caller).get(MANY)).json()["items"]
    if who in SEES[level]:
        assert [each["id"] for each in listed.json()["items"]] == [mine["id"]]
        assert [each["id"] for each in everything] == [mine["id"]]
    else:
        assert_problem(listed, 404, "not_found")
        assert everything == []
    hidden = 403 if who in SEES[level] else 404
    added = await api.as_(caller).post(path, json={**BODY, "defaulted_on": "2020-01-02"})
    assert added.status_code == (201 if who in ADDS[level] else hidden)
    deleted = await api.as_(caller).delete(f"{path}/{mine['id']}")
    assert deleted.status_code == (204 if who in DELETES[level] else hidden)


async def test_a_default_has_one_entry_per_day(api: ServiceClient, world: World, store: Store) -> None:
    made = await store(world.one.org_member)
    client = api.as_(world.one.org_member)
    first = await client.post(_path(made), json=BODY)
    assert (first.status_code, first.json()["event"]) == (201, "bankruptcy")
    assert_problem(await client.post(_path(made), json=BODY), 409)
    assert (await client.post(_path(made), json={"defaulted_on": "2023-05-06"})).json()["event"] == "other"
    listed = (await client.get(_path(made))).json()["items"]
    assert [each["defaulted_on"] for each in listed] == ["2023-05-06", "2024-05-06"]
    narrowed = (await client.get(MANY, params={"defaulted_from": "2024-01-01"})).json()["items"]
    assert [each["defaulted_on"] for each in narrowed] == ["2024-05-06"]


@pytest.mark.parametrize("day", ["1800-01-01", "2999-01-01", "soon", None])
async def test_a_day_that_cannot_be_is_refused(api: ServiceClient, world: World, store: Store, day: Any) -> None:
    made = await store(world.one.org_member)
    reply = await api.as_(world.one.org_member).post(_path(made), json={**BODY, "defaulted_on": day})
    assert_problem(reply, 422, pointer="/body/defaulted_on")


async def test_many_outcomes_find_their_companies_by_symbol_external_id_or_name(
    api: ServiceClient, world: World, store: Store
) -> None:
    member = world.one.org_member
    names = {"company": {"symbol": "NWEC", "external_id": "CIK1"}, "access_level": "organization"}
    made = await store(member, "Northwind Energy", **names)
    await store(member, "Twin One", company={"external_id": "CIK2"}, access_level="organization")
    await store(member, "Twin Two", company={"external_id": "CIK2"}, access_level="organization")
    await store(world.two.org_member, "Foreign", access_level="organization")
    items = [
        {"symbol": "nwec", "defaulted_on": "2024-05-06"},
        {"external_id": "CIK1", "defaulted_on": "2024-05-06"},
        {"name": "NORTHWIND  energy", "defaulted_on": "2023-05-06", "event": "restructuring"},
        {"external_id": "CIK2", "defaulted_on": "2023-05-06"},
        {"name": "Foreign", "defaulted_on": "2023-05-06"},
    ]
    reply = await api.as_(member).post(MANY, params={"access_level": "organization"}, json={"items": items})
    assert reply.status_code == 200, reply.text
    result = reply.json()
    assert (result["created"], result["existing"], result["rejected"]) == (2, 1, 2)
    assert [item["status"] for item in result["items"]] == ["created", "existing", "created", "rejected", "rejected"]
    assert [item["code"] for item in result["items"][3:]] == ["ambiguous_company", "unknown_company"]
    assert result["items"][0]["company_id"] == made["company"]["id"]
    again = await api.as_(member).post(MANY, params={"access_level": "organization"}, json={"items": items})
    assert (again.json()["created"], again.json()["existing"]) == (0, 3)
    personal = await api.as_(member).post(MANY, json={"items": items[:1]})
    assert personal.json()["rejected"] == 1


async def test_outcomes_come_from_a_file_too(api: ServiceClient, world: World, store: Store) -> None:
    member = world.one.org_member
    await store(member, "Northwind Energy", company={"symbol": "NWEC"})
    await store(member, "Müller & Söhne")
    content = "Company name;Symbol;Default date;Event\n;NWEC;2024-05-06;liquidation\nMüller & Söhne;;2023-01-31;\n"

    async def send(text: str) -> Any:
        headers = {"Content-Type": "text/csv"}
        return await api.as_(member).post(f"{MANY}/csv", content=text.encode(), headers=headers)

    reply = await send(content)
    assert reply.status_code == 200, reply.text
    assert (reply.json()["created"], reply.json()["rejected"]) == (2, 0)
    listed = (await api.as_(member).get(MANY)).json()["items"]
    assert {each["event"] for each in listed} == {"liquidation", "other"}
    wrong = await send("symbol,defaulted_on\nNWEC,2024-05-06\nNWEC,yesterday\n,2024-05-06\n")
    assert_problem(wrong, 422, pointer="/body/3/defaulted_on")
    assert_problem(await send("symbol,when\nNWEC,2024-05-06\n"), 422, fault="missing_columns")
    assert_problem(await send(""), 422)


async def test_nobody_adds_system_outcomes_but_the_platform(api: ServiceClient, world: World) -> None:
    body = {"items": [{"symbol": "NWEC", "defaulted_on": "2024-05-06"}]}
    for caller, level in ((world.one.org_admin, "system"), (world.user, "organization")):
        assert_problem(await api.as_(caller).post(MANY, params={"access_level": level}, json=body), 403)


async def test_a_file_of_too_many_lines_is_refused(api: ServiceClient, world: World) -> None:
    content = "symbol,defaulted_on\n" + "NWEC,2024-05-06\n" * 1001
    headers = {"Content-Type": "text/csv"}
    reply = await api.as_(world.one.org_member).post(f"{MANY}/csv", content=content.encode(), headers=headers)
    assert_problem(reply, 422)
