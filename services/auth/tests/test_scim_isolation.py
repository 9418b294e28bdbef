"""A provisioning token reaches its own tenant's people, and only while it is good; only administrators make one."""

from typing import Any

import psycopg
import pytest
from scim_helpers import SCIM, TOKENS, USER, DirectoryClient, assert_error, connect_directory

from accunode_auth.app import create_app
from accunode_auth.settings import AuthSettings
from accunode_common.ids import new_id
from accunode_common.testing.app import ServiceClient, running
from accunode_common.testing.people import World
from accunode_common.testing.problems import assert_problem
from accunode_common.testing.settings import changed


@pytest.fixture
async def ours(auth: ServiceClient, superuser: psycopg.Connection, world: World) -> DirectoryClient:
    return await connect_directory(auth, superuser, world.one)


@pytest.fixture
async def theirs(auth: ServiceClient, superuser: psycopg.Connection, world: World) -> DirectoryClient:
    return await connect_directory(auth, superuser, world.two)


def everything(superuser: psycopg.Connection, tenant_id: Any) -> list[Any]:
    """All that the database holds of a tenant's people."""
    return superuser.execute(
        "SELECT u::text FROM identity.users u JOIN identity.memberships m ON m.user_id = u.id WHERE m.tenant_id = %(t)s"
        " UNION ALL SELECT m::text FROM identity.memberships m WHERE tenant_id = %(t)s"
        " UNION ALL SELECT i::text FROM identity.invitations i WHERE tenant_id = %(t)s"
        " UNION ALL SELECT s::text FROM identity.scim_users s WHERE tenant_id = %(t)s"
        " UNION ALL SELECT e::text FROM audit.events e WHERE tenant_id = %(t)s ORDER BY 1",
        {"t": tenant_id},
    ).fetchall()


async def test_another_tenants_people_are_nobody(
    ours: DirectoryClient, theirs: DirectoryClient, world: World, superuser: psycopg.Connection
) -> None:
    managed = (await ours.add(ours.address(), externalId="ours")).json()
    invited = (await ours.add(f"i{new_id().hex}@nowhere.example", externalId="ours")).json()
    member = (await ours.ask("GET", f"/Users/{world.one.org_member.user_id}")).json()
    before = everything(superuser, world.one.id)
    missing = (await theirs.ask("GET", f"/Users/{new_id()}")).json()
    for one in (managed, invited, member):
        path = f"/Users/{one['id']}"
        replies = [
            await theirs.ask("GET", path),
            await theirs.ask("PUT", path, json={"schemas": [USER], "userName": one["userName"], "active": False}),
            await theirs.patch(one["id"], {"op": "replace", "path": "active", "value": False}),
            await theirs.ask("DELETE", path),
        ]
        for reply in replies:
            assert_error(reply, 404)
            assert reply.json() == missing
        for text in (f'id eq "{one["id"]}"', f'userName eq "{one["userName"]}"', 'externalId eq "ours"'):
            assert await theirs.find(text) == []
    listed = (await theirs.ask("GET", "/Users")).json()
    assert not {one["id"] for one in listed["Resources"]} & {managed["id"], invited["id"], member["id"]}
    assert everything(superuser, world.one.id) == before


async def test_the_makers_other_memberships_are_not_shown(
    ours: DirectoryClient, world: World, superuser: psycopg.Connection
) -> None:
    admin = world.one.tenant_admin
    superuser.execute(
        "INSERT INTO identity.memberships (tenant_id, id, user_id, organization_id, role, status)"
        " VALUES (%s, %s, %s, %s, 'org_member', 'active')",
        [world.two.id, new_id(), admin.user_id, world.two.organization_id],
    )
    listed = (await ours.ask("GET", "/Users")).json()
    people = [one["id"] for one in listed["Resources"]]
    expected = superuser.execute(
        "SELECT DISTINCT user_id::text FROM identity.memberships WHERE tenant_id = %s", [world.one.id]
    ).fetchall()
    assert sorted(people) == sorted(row[0] for row in expected)


@pytest.mark.parametrize(
    "why", ["revoked", "expired", "tenant suspended", "altered", "other tenant", "none", "access token"]
)
async def test_only_a_good_token_is_let_in(
    auth: ServiceClient, ours: DirectoryClient, world: World, superuser: psycopg.Connection, why: str
) -> None:
    assert (await ours.ask("GET", "/Users")).status_code == 200
    headers = {"Authorization": f"Bearer {ours.secret}"}
    [token] = (await auth.as_(world.one.tenant_admin).get(TOKENS)).json()["items"]
    assert token["last_used_at"] is None or token["last_used_at"]
    match why:
        case "revoked":
            assert (await auth.as_(world.one.tenant_admin).delete(f"{TOKENS}/{token['id']}")).status_code == 204
        case "expired":
            superuser.execute("UPDATE identity.scim_tokens SET expires_at = now() WHERE id = %s", [token["id"]])
        case "tenant suspended":
            superuser.execute("UPDATE tenancy.tenants SET status = 'suspended' WHERE id = %s", [world.one.id])
        case "altered":
            headers = {"Authorization": f"Bearer {ours.secret[:-2]}AA"}
        case "other tenant":
            superuser.execute(
                "UPDATE identity.scim_tokens SET tenant_id = %s, organization_id = %s WHERE id = %s",
                [world.two.id, world.two.organization_id, token["id"]],
            )
        case "none":
            headers = {}
        case "access token":
            headers = world.one.tenant_admin.headers
    for method, path in (("GET", "/Users"), ("GET", "/Schemas"), ("DELETE", f"/Users/{world.one.org_member.user_id}")):
        reply = await auth.http.request(method, f"{SCIM}{path}", headers=headers)
        assert_error(reply, 401)
        assert reply.headers["www-authenticate"].startswith("Bearer")


async def test_only_the_tenants_administrators_have_tokens_and_see_their_own(
    auth: ServiceClient, ours: DirectoryClient, world: World
) -> None:
    body = {"name": "Directory", "organization_id": str(world.one.organization_id)}
    [token] = (await auth.as_(world.one.tenant_admin).get(TOKENS)).json()["items"]
    assert ours.secret not in str(token)
    for caller in (world.one.org_admin, world.one.org_member, world.user):
        assert_problem(await auth.as_(caller).post(TOKENS, json=body), 403, "forbidden")
        assert_problem(await auth.as_(caller).get(TOKENS), 403, "forbidden")
        assert_problem(await auth.as_(caller).delete(f"{TOKENS}/{token['id']}"), 403, "forbidden")
    assert_problem(await auth.as_(world.super_admin).post(TOKENS, json=body), 403, "forbidden")
    for stranger in (world.two.tenant_admin, world.super_admin):
        assert (await auth.as_(stranger).get(TOKENS)).json()["items"] == []
        assert_problem(await auth.as_(stranger).delete(f"{TOKENS}/{token['id']}"), 404, "not_found")
    assert_problem(await auth.as_(world.two.tenant_admin).post(TOKENS, json=body), 422, "invalid_input")
    assert_problem(await auth.http.get(TOKENS), 401, "unauthenticated")
    assert (await ours.ask("GET", "/Users")).status_code == 200


async def test_a_tokens_secret_is_shown_once_and_its_making_is_in_the_trail(
    auth: ServiceClient, world: World, superuser: psycopg.Connection
) -> None:
    body = {"name": "Directory", "organization_id": str(world.one.organization_id)}
    made = (await auth.as_(world.one.tenant_admin).post(TOKENS, json=body)).json()
    kept = superuser.execute(
        "SELECT t::text FROM identity.scim_tokens t WHERE tenant_id = %s", [world.one.id]
    ).fetchall()
    assert made["secret"] not in str(kept)
    events = superuser.execute(
        "SELECT action FROM audit.events WHERE tenant_id = %s AND resource_id = %s",
        [world.one.id, made["scim_token"]["id"]],
    ).fetchall()
    assert events == [("scim_token.create",)]


async def test_a_directory_and_an_address_are_slowed_down_in_scims_form(
    auth_settings: AuthSettings, ours: DirectoryClient
) -> None:
    async with running(create_app(changed(auth_settings, public_limit_scale=0.002))) as strict:
        replies = [await DirectoryClient(strict, ours.secret, ours.domain).ask("GET", "/Users") for _ in range(4)]
    assert replies[0].status_code == 200
    assert_error(replies[-1], 429)
    assert int(replies[-1].headers["retry-after"]) > 0
