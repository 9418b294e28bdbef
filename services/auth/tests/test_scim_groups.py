"""A tenant's directory says who belongs to the tenant's organizations, among accounts that the tenant manages."""

from typing import Any

import httpx
import psycopg
import pytest
from scim_helpers import DirectoryClient, assert_error, connect_directory

from accunode_common.ids import new_id
from accunode_common.testing.app import ServiceClient
from accunode_common.testing.people import World, WorldMaker

GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"
PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"


@pytest.fixture
async def directory(auth: ServiceClient, superuser: psycopg.Connection, world: World) -> DirectoryClient:
    return await connect_directory(auth, superuser, world.one)


@pytest.fixture
def trade(world: World, world_maker: WorldMaker) -> str:
    return str(world_maker.organization(world.one.id, "Trade"))


async def change(directory: DirectoryClient, group: Any, op: str, *values: Any, **more: Any) -> httpx.Response:
    operation = {"op": op, "path": "members", "value": [{"value": str(value)} for value in values], **more}
    return await directory.ask("PATCH", f"/Groups/{group}", json={"schemas": [PATCH], "Operations": [operation]})


async def members(directory: DirectoryClient, group: Any) -> set[str]:
    reply = await directory.ask("GET", f"/Groups/{group}")
    assert reply.status_code == 200, reply.text
    return {each["value"] for each in reply.json().get("members", [])}


def held(superuser: psycopg.Connection, user_id: Any) -> set[tuple[str, str]]:
    rows = superuser.execute(
        "SELECT organization_id::text, role FROM identity.memberships WHERE user_id = %s AND role <> 'user'", [user_id]
    )
    return {(row[0], row[1]) for row in rows}


async def test_organizations_are_groups(directory: DirectoryClient, world: World, trade: str) -> None:
    listed = (await directory.ask("GET", "/Groups")).json()
    assert {each["id"] for each in listed["Resources"]} >= {trade, str(world.one.organization_id)}
    for text in (f'id eq "{trade}"', f'displayName eq "trade" and id eq "{trade}"'):
        found = (await directory.ask("GET", "/Groups", params={"filter": text})).json()
        assert [each["displayName"] for each in found["Resources"]] == ["Trade"]
    assert_error(await directory.ask("GET", "/Groups", params={"filter": 'members eq "x"'}), 400, "invalidFilter")
    page = (await directory.ask("GET", "/Groups", params={"startIndex": 2, "count": 1})).json()
    assert len(page["Resources"]) == 1
    shown = (await directory.ask("GET", f"/Groups/{world.one.organization_id}")).json()
    [member] = [each for each in shown["members"] if each["value"] == str(world.one.org_member.user_id)]
    assert member["$ref"].endswith(f"/Users/{member['value']}")
    assert member["display"]


async def test_who_is_added_belongs_and_who_is_removed_does_not(
    directory: DirectoryClient, superuser: psycopg.Connection, world: World, trade: str
) -> None:
    made = (await directory.add(directory.address())).json()["id"]
    home = (str(world.one.organization_id), "org_member")
    for _ in range(2):
        assert (await change(directory, trade, "add", made)).status_code == 200
        assert held(superuser, made) == {home, (trade, "org_member")}
    assert await members(directory, trade) == {made}
    removed = await change(directory, trade, "remove", made)
    assert removed.status_code == 200, removed.text
    assert held(superuser, made) == {home}
    body = {"schemas": [GROUP], "displayName": "Trade", "members": [{"value": made}]}
    assert (await directory.ask("PUT", f"/Groups/{trade}", json=body)).status_code == 200
    assert await members(directory, trade) == {made}
    path = f'members[value eq "{made}"]'
    body = {"schemas": [PATCH], "Operations": [{"op": "remove", "path": path}]}
    assert (await directory.ask("PATCH", f"/Groups/{trade}", json=body)).status_code == 200
    assert await members(directory, trade) == set()


async def test_who_is_removed_loses_their_tokens_at_once(
    auth: ServiceClient, directory: DirectoryClient, world: World
) -> None:
    member = world.one.org_member
    assert (await auth.as_(member).get("/api/v1/users/me")).status_code == 200
    assert (await change(directory, world.one.organization_id, "remove", member.user_id)).status_code == 200
    assert (await auth.as_(member).get("/api/v1/users/me")).status_code == 401


async def test_who_is_suspended_is_suspended_there_too(
    directory: DirectoryClient, superuser: psycopg.Connection, trade: str
) -> None:
    made = (await directory.add(directory.address(), active=False)).json()["id"]
    assert (await change(directory, trade, "add", made)).status_code == 200
    found = superuser.execute(
        "SELECT DISTINCT status FROM identity.memberships WHERE user_id = %s AND role <> 'user'", [made]
    )
    assert found.fetchall() == [("suspended",)]


async def test_nobody_else_is_added(
    directory: DirectoryClient, superuser: psycopg.Connection, world: World, trade: str
) -> None:
    for person in (world.one.org_member.user_id, world.two.org_member.user_id, new_id(), "x"):
        assert_error(await change(directory, trade, "add", person), 400, "invalidValue")
    assert await members(directory, trade) == set()


async def test_administrators_and_seats_are_kept(
    directory: DirectoryClient, superuser: psycopg.Connection, world: World, trade: str
) -> None:
    admin = world.one.org_admin
    before = held(superuser, admin.user_id)
    assert_error(await change(directory, world.one.organization_id, "remove", admin.user_id), 409)
    assert held(superuser, admin.user_id) == before
    made = (await directory.add(directory.address())).json()["id"]
    other = (await directory.add(directory.address())).json()["id"]
    superuser.execute("UPDATE tenancy.organizations SET max_users = 1 WHERE id = %s", [trade])
    assert_error(await change(directory, trade, "add", made, other), 409)
    assert await members(directory, trade) == set()


async def test_another_tenant_sees_and_changes_nothing(
    auth: ServiceClient, directory: DirectoryClient, superuser: psycopg.Connection, world: World, trade: str
) -> None:
    theirs = await connect_directory(auth, superuser, world.two)
    made = (await theirs.add(theirs.address())).json()["id"]
    missing = (await theirs.ask("GET", f"/Groups/{new_id()}")).json()
    body = {"schemas": [GROUP], "members": []}
    for reply in (
        await theirs.ask("GET", f"/Groups/{trade}"),
        await theirs.ask("PUT", f"/Groups/{trade}", json=body),
        await change(theirs, trade, "add", made),
    ):
        assert_error(reply, 404)
        assert reply.json() == missing
    listed = (await theirs.ask("GET", "/Groups")).json()
    assert trade not in {each["id"] for each in listed["Resources"]}
    assert await members(directory, trade) == set()


async def test_organizations_are_made_elsewhere(directory: DirectoryClient, trade: str) -> None:
    made = await directory.ask("POST", "/Groups", json={"schemas": [GROUP], "displayName": "x"})
    assert_error(made, 501)
    assert_error(await directory.ask("DELETE", f"/Groups/{trade}"), 403)
    assert (await directory.ask("GET", f"/Groups/{trade}")).status_code == 200
