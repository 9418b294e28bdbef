"""A tenant's directory adds, changes and removes the tenant's people, and takes over nobody's account."""

import re
from collections.abc import Callable
from dataclasses import replace
from email.message import EmailMessage
from typing import Any

import psycopg
import pytest
from scim_helpers import PATCH, USER, DirectoryClient, assert_error, connect_directory

from accunode_common.auth.roles import Role
from accunode_common.ids import PLATFORM_TENANT_ID, new_id
from accunode_common.testing.app import ServiceClient
from accunode_common.testing.keys import TestIssuer
from accunode_common.testing.people import World, WorldMaker

NEW_PASSWORD = "seven blue herons wading"

Mailbox = Callable[[str], list[EmailMessage]]


@pytest.fixture
async def directory(auth: ServiceClient, superuser: psycopg.Connection, world: World) -> DirectoryClient:
    return await connect_directory(auth, superuser, world.one)


def memberships(superuser: psycopg.Connection, email: str) -> list[tuple[Any, ...]]:
    return superuser.execute(
        "SELECT m.tenant_id, m.role, m.status FROM identity.memberships m JOIN identity.users u ON u.id = m.user_id"
        " WHERE u.email = %s AND m.role <> 'user' ORDER BY m.id",
        [email],
    ).fetchall()


async def test_an_address_of_the_tenants_domain_becomes_an_account_that_it_manages(
    auth: ServiceClient, directory: DirectoryClient, superuser: psycopg.Connection, world: World, mailbox: Mailbox
) -> None:
    email = directory.address()
    reply = await directory.add(email, externalId="e-1", name={"givenName": "Ada", "familyName": "Byron"}, title="Dr")
    assert reply.status_code == 201, reply.text
    made = reply.json()
    assert made["userName"] == email
    assert made["active"] is True
    assert made["externalId"] == "e-1"
    assert reply.headers["location"] == made["meta"]["location"]
    assert reply.headers["etag"] == made["meta"]["version"]
    row = superuser.execute(
        "SELECT id::text, managed_by_tenant_id, password_hash, email_verified_at IS NOT NULL, full_name"
        " FROM identity.users WHERE email = %s",
        [email],
    ).fetchone()
    assert row == (made["id"], world.one.id, None, True, "Ada Byron")
    assert memberships(superuser, email) == [(world.one.id, "org_member", "active")]
    assert mailbox(email) == []

    await auth.http.post("/api/v1/auth/forgot-password", json={"email": email})
    token = re.findall(r"^pr_[\w=-]+$", mailbox(email)[-1].get_content(), flags=re.MULTILINE)[0]
    reset = await auth.http.post("/api/v1/auth/reset-password", json={"token": token, "new_password": NEW_PASSWORD})
    assert reset.status_code == 200, reset.text
    signed_in = await auth.http.post("/api/v1/auth/login", json={"email": email, "password": NEW_PASSWORD})
    assert signed_in.status_code == 200, signed_in.text


@pytest.mark.parametrize("who", ["other tenant's member", "unverified", "deactivated", "nobody", "super admin"])
async def test_an_address_of_another_domain_is_invited_and_the_reply_tells_nothing(
    directory: DirectoryClient,
    superuser: psycopg.Connection,
    world: World,
    world_maker: WorldMaker,
    mailbox: Mailbox,
    who: str,
) -> None:
    known = world.two.org_member if who == "other tenant's member" else world.super_admin
    if who in ("unverified", "deactivated"):
        known = world_maker.caller(Role.USER, PLATFORM_TENANT_ID)
        change = "email_verified_at = NULL" if who == "unverified" else "status = 'deactivated'"
        superuser.execute(f"UPDATE identity.users SET {change} WHERE id = %s", [known.user_id])
    email = f"x{new_id().hex}@nowhere.example" if who == "nobody" else known.email
    everything = "SELECT u::text, m::text FROM identity.users u LEFT JOIN identity.memberships m ON m.user_id = u.id"
    before = superuser.execute(f"{everything} WHERE u.email = %s ORDER BY 2", [email]).fetchall()

    reply = await directory.add(email, displayName="Ada", externalId="e-2")
    assert reply.status_code == 201, reply.text
    made = reply.json()
    assert made["active"] is False
    assert made["displayName"] == "Ada"
    assert set(made) == {"schemas", "id", "externalId", "userName", "displayName", "emails", "active", "meta"}
    assert made["id"] != str(known.user_id)
    assert superuser.execute(f"{everything} WHERE u.email = %s ORDER BY 2", [email]).fetchall() == before
    assert len(mailbox(email)) == 1
    assert_error(await directory.add(email), 409, "uniqueness")
    assert (await directory.ask("GET", f"/Users/{made['id']}")).json() == made


async def test_an_account_at_the_tenants_own_domain_is_invited_too(
    directory: DirectoryClient, superuser: psycopg.Connection, world_maker: WorldMaker
) -> None:
    known, email = world_maker.caller(Role.USER, PLATFORM_TENANT_ID), directory.address()
    superuser.execute(
        "UPDATE identity.users SET email = %s, email_key = %s WHERE id = %s", [email, email, known.user_id]
    )
    reply = await directory.add(email)
    assert reply.status_code == 201
    assert reply.json()["active"] is False
    assert memberships(superuser, email) == []


async def test_who_accepts_keeps_the_id_that_the_directory_knows(
    auth: ServiceClient, directory: DirectoryClient, world: World, superuser: psycopg.Connection
) -> None:
    made = (await directory.add(world.user.email, externalId="e-3", displayName="Ada")).json()
    offers = (await auth.as_(world.user).get("/api/v1/users/me/invitations")).json()["items"]
    accepted = await auth.as_(world.user).post(
        f"/api/v1/users/me/invitations/{offers[0]['id']}/accept", json={"accept_managed": True}
    )
    assert accepted.status_code == 200, accepted.text
    shown = (await directory.ask("GET", f"/Users/{made['id']}")).json()
    assert shown["active"] is True
    assert shown["externalId"] == "e-3"
    assert await directory.find(f'userName eq "{world.user.email}"') == [shown]
    renamed = await directory.patch(made["id"], {"op": "replace", "path": "displayName", "value": "Eve"})
    assert renamed.status_code == 200
    row = superuser.execute("SELECT full_name FROM identity.users WHERE id = %s", [world.user.user_id]).fetchone()
    assert row is not None
    assert row[0] != "Eve", "the name of an account is its owner's unless the tenant manages it"


@pytest.mark.parametrize("value", [False, "False"])
@pytest.mark.parametrize("pathless", [False, True])
async def test_a_person_who_is_not_active_loses_their_tokens_at_once_and_comes_back(
    auth: ServiceClient, directory: DirectoryClient, world: World, value: Any, pathless: bool
) -> None:
    member = world.one.org_member
    assert (await auth.as_(member).get("/api/v1/users/me")).status_code == 200
    [shown] = await directory.find(f'id eq "{member.user_id}"')
    assert shown["active"] is True
    operation = (
        {"op": "Replace", "value": {"active": value}}
        if pathless
        else {"op": "replace", "path": "active", "value": value}
    )
    paused = await directory.patch(shown["id"], operation)
    assert paused.status_code == 200, paused.text
    assert paused.json()["active"] is False
    assert (await auth.as_(member).get("/api/v1/users/me")).status_code == 401
    again = await directory.patch(shown["id"], {"op": "replace", "path": "active", "value": True})
    assert again.json()["active"] is True


async def test_saying_again_that_somebody_is_active_resumes_nothing_that_an_administrator_suspended(
    directory: DirectoryClient, world: World, world_maker: WorldMaker, superuser: psycopg.Connection
) -> None:
    member, other = world.one.org_member, world_maker.organization(world.one.id, "Trade")
    superuser.execute(
        "INSERT INTO identity.memberships (tenant_id, id, user_id, organization_id, role, status)"
        " VALUES (%s, %s, %s, %s, 'org_member', 'suspended')",
        [world.one.id, new_id(), member.user_id, other],
    )
    body = {"schemas": [USER], "userName": member.email, "active": True}
    said = await directory.ask("PUT", f"/Users/{member.user_id}", json=body)
    assert said.status_code == 200, said.text
    assert [status for _, _, status in memberships(superuser, member.email)] == ["active", "suspended"]


async def test_put_replaces_and_stale_tags_are_refused(directory: DirectoryClient) -> None:
    email = directory.address()
    made = await directory.add(email, externalId="e-4", displayName="Ada")
    path, body = f"/Users/{made.json()['id']}", {"schemas": [USER], "userName": email, "displayName": "Grace"}
    tag = made.headers["etag"]
    replaced = await directory.ask("PUT", path, json=body, headers={"If-Match": tag})
    assert replaced.status_code == 200, replaced.text
    assert replaced.json()["displayName"] == "Grace"
    assert "externalId" not in replaced.json()
    assert replaced.headers["etag"] != tag
    assert_error(await directory.ask("PUT", path, json=body, headers={"If-Match": tag}), 412)
    assert_error(await directory.ask("PUT", path, json={**body, "userName": directory.address()}), 400, "mutability")
    patched = await directory.patch(made.json()["id"], {"op": "replace", "path": "userName", "value": "a@b.example"})
    assert_error(patched, 400, "mutability")


async def test_removing_ends_memberships_and_the_account_that_the_tenant_manages(
    auth: ServiceClient, directory: DirectoryClient, world: World, superuser: psycopg.Connection
) -> None:
    email = directory.address()
    made = (await directory.add(email)).json()
    assert (await directory.ask("DELETE", f"/Users/{made['id']}")).status_code == 204
    assert_error(await directory.ask("GET", f"/Users/{made['id']}"), 404)
    row = superuser.execute("SELECT status FROM identity.users WHERE id::text = %s", [made["id"]]).fetchone()
    assert row == ("anonymised",)
    assert (await directory.add(email)).json()["active"] is True

    member = world.one.org_member
    assert (await directory.ask("DELETE", f"/Users/{member.user_id}")).status_code == 204
    assert (await auth.as_(member).get("/api/v1/users/me")).status_code == 401
    row = superuser.execute("SELECT status FROM identity.users WHERE id = %s", [member.user_id]).fetchone()
    assert row == ("active",), "an account that the tenant does not manage is its owner's"
    assert memberships(superuser, member.email) == []


async def test_an_invitation_is_withdrawn_and_sent_anew(
    auth: ServiceClient, directory: DirectoryClient, world: World, mailbox: Mailbox
) -> None:
    async def offered() -> int:
        reply = await auth.as_(world.user).get("/api/v1/users/me/invitations")
        return sum(offer["tenant_id"] == str(world.one.id) for offer in reply.json()["items"])

    made = (await directory.add(world.user.email)).json()
    assert await offered() == 1
    off = {"op": "replace", "path": "active", "value": False}
    assert (await directory.patch(made["id"], off)).status_code == 200
    assert await offered() == 0
    on = await directory.patch(made["id"], {**off, "value": True})
    assert on.json()["active"] is False
    assert await offered() == 1
    assert len(mailbox(world.user.email)) == 2
    assert (await directory.ask("DELETE", f"/Users/{made['id']}")).status_code == 204
    assert await offered() == 0
    assert await directory.find(f'userName eq "{world.user.email}"') == []


async def test_the_last_administrator_and_the_seats_are_kept(
    directory: DirectoryClient, world: World, superuser: psycopg.Connection
) -> None:
    admin = world.one.tenant_admin
    off = {"op": "replace", "path": "active", "value": False}
    assert_error(await directory.patch(str(admin.user_id), off), 409)
    assert_error(await directory.ask("DELETE", f"/Users/{admin.user_id}"), 409)
    superuser.execute("UPDATE tenancy.organizations SET max_users = 3 WHERE id = %s", [world.one.organization_id])
    email = directory.address()
    assert_error(await directory.add(email), 409)
    left = superuser.execute("SELECT count(*) FROM identity.users WHERE email = %s", [email]).fetchone()
    assert left == (0,)


async def test_filters_and_pages(directory: DirectoryClient) -> None:
    emails = [directory.address() for _ in range(3)]
    made = [(await directory.add(email, externalId=f"x {email}", active=email != emails[2])).json() for email in emails]
    for email, one in zip(emails, made, strict=True):
        for text in (
            f'userName eq "{email.upper()}"',
            f'externalId eq "x {email}"',
            f'id eq "{one["id"]}"',
            f'emails.value eq "{email}"',
            f'userName eq "{email}" and active eq {"true" if one["active"] else "false"}',
        ):
            assert await directory.find(text) == [one], text
    assert await directory.find(f'userName eq "{emails[0]}" and externalId eq "x {emails[1]}"') == []
    seen: list[str] = []
    while True:
        reply = await directory.ask("GET", "/Users", params={"startIndex": len(seen) + 1, "count": 2})
        page = [one["id"] for one in reply.json().get("Resources", [])]
        if not page:
            break
        seen += page
    assert len(seen) == len(set(seen)) == reply.json()["totalResults"]
    assert {one["id"] for one in made} <= set(seen)
    wanted = {"schemas": ["urn:ietf:params:scim:api:messages:2.0:SearchRequest"], "filter": f'id eq "{made[0]["id"]}"'}
    for path in ("/.search", "/Users/.search"):
        assert (await directory.ask("POST", path, json=wanted)).json()["Resources"] == [made[0]]
    only = await directory.ask("GET", f"/Users/{made[0]['id']}", params={"attributes": "userName"})
    assert set(only.json()) == {"schemas", "id", "userName"}


@pytest.mark.parametrize(
    "text", ['userName co "a"', "userName", 'nothing eq "a"', "(" * 400, 'externalId eq "\\ud800"', 'active eq "x"']
)
async def test_other_filters_are_refused(directory: DirectoryClient, text: str) -> None:
    assert_error(await directory.ask("GET", "/Users", params={"filter": text}), 400, "invalidFilter")


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"schemas": [USER]},
        {"schemas": [USER], "userName": "no address"},
        {"schemas": [USER], "userName": 7},
        {"schemas": [PATCH], "userName": "a@b.example"},
        {"schemas": [USER], "userName": "a@b.example", "active": "perhaps"},
        {"schemas": [USER], "userName": "a@b.example", "externalId": "\x00"},
        {"schemas": [USER], "userName": "a@b.example", "name": {"givenName": "x" * 300}},
    ],
)
async def test_what_is_no_person_is_refused_in_scims_form(directory: DirectoryClient, body: dict[str, Any]) -> None:
    reply = await directory.ask("POST", "/Users", json=body)
    assert reply.status_code == 400, reply.text
    assert_error(reply, 400, reply.json()["scimType"])
    assert reply.json()["scimType"] in {"invalidValue", "invalidSyntax"}


async def test_nobody_gets_a_role_above_that_of_members(
    directory: DirectoryClient, superuser: psycopg.Connection
) -> None:
    email = directory.address()
    made = await directory.add(email, roles=[{"value": "tenant_admin"}], groups=[{"value": "tenant_admin"}])
    assert made.status_code == 201
    reply = await directory.patch(
        made.json()["id"], {"op": "add", "path": "roles", "value": [{"value": "super_admin"}]}
    )
    assert_error(reply, 400, "invalidPath")
    assert [role for _, role, _ in memberships(superuser, email)] == ["org_member"]


async def test_the_trail_tells_what_the_directory_did(
    directory: DirectoryClient, world: World, superuser: psycopg.Connection
) -> None:
    made = (await directory.add(directory.address())).json()
    await directory.patch(made["id"], {"op": "add", "path": "displayName", "value": "Ada"})
    for value in (False, True):
        await directory.patch(made["id"], {"op": "replace", "path": "active", "value": value})
    await directory.ask("DELETE", f"/Users/{made['id']}")
    events = superuser.execute(
        "SELECT action, actor_id, details->>'scim_token_id' IS NOT NULL FROM audit.events"
        " WHERE tenant_id = %s AND resource_id = %s ORDER BY id",
        [world.one.id, made["id"]],
    ).fetchall()
    actions = ("user.provision", "user.update", "user.suspend", "user.resume", "user.delete")
    assert events == [(action, None, True) for action in actions]


@pytest.mark.parametrize("how", ["suspended", "removed"])
async def test_who_a_directory_suspends_or_removes_goes_on_in_other_tenants(
    auth: ServiceClient,
    directory: DirectoryClient,
    world: World,
    issuer: TestIssuer,
    superuser: psycopg.Connection,
    how: str,
) -> None:
    member = world.one.org_member
    superuser.execute(
        "INSERT INTO identity.memberships (tenant_id, id, user_id, organization_id, role)"
        " VALUES (%s, %s, %s, %s, 'org_member')",
        [world.two.id, new_id(), member.user_id, world.two.organization_id],
    )
    there = replace(
        member.subject, tenant_id=world.two.id, organization_id=world.two.organization_id, session_id=new_id()
    )
    elsewhere = {"Authorization": f"Bearer {issuer.token(there)}"}
    if how == "suspended":
        done = await directory.patch(str(member.user_id), {"op": "replace", "path": "active", "value": False})
    else:
        done = await directory.ask("DELETE", f"/Users/{member.user_id}")
    assert done.status_code in (200, 204), done.text
    assert (await auth.as_(member).get("/api/v1/users/me")).status_code == 401
    assert (await auth.http.get("/api/v1/users/me", headers=elsewhere)).status_code == 200
