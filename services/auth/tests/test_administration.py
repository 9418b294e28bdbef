"""Administrators manage the people in their reach, and nobody else."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import psycopg
import pytest

from accunode_common.auth.roles import GRANTS, Permission, Role
from accunode_common.ids import PLATFORM_TENANT_ID, new_id
from accunode_common.testing.app import ServiceClient
from accunode_common.testing.people import Caller, World
from accunode_common.testing.problems import assert_problem

USERS = "/api/v1/users"
ME = f"{USERS}/me"

Person = Callable[..., Caller]
SignIn = Callable[..., Awaitable[Any]]


def a_member(**changes: Any) -> dict[str, Any]:
    return {"email": f"new-{new_id()}@bank.example", "full_name": "New Person", "role": "org_member", **changes}


async def test_only_administrators_list_people(auth: ServiceClient, caller: Caller) -> None:
    reply = await auth.as_(caller).get(USERS)
    if Permission.USER_READ in GRANTS[caller.subject.role].permissions:
        assert reply.status_code == 200
    else:
        assert_problem(reply, 403)


async def test_each_administrator_sees_the_people_in_reach(auth: ServiceClient, world: World) -> None:
    async def seen(who: Caller) -> set[str]:
        reply = await auth.as_(who).get(USERS, params={"limit": 200, "with_total": True})
        page = reply.json()
        assert page["total"] == len(page["items"])
        return {item["id"] for item in page["items"]}

    one = world.one
    organization = {str(c.user_id) for c in (one.org_admin, one.org_member, one.other_member)}
    assert await seen(one.org_admin) == organization
    assert await seen(one.tenant_admin) == organization | {str(one.tenant_admin.user_id), str(one.outsider.user_id)}
    filtered = await auth.as_(world.super_admin).get(USERS, params={"tenant_id": str(world.two.id), "limit": 200})
    assert len(filtered.json()["items"]) == 5


@pytest.mark.parametrize(
    ("parameters", "count"),
    [
        ({"role": "org_member"}, 3),
        ({"search": "ORG_ADMIN"}, 1),
        ({"search": "member of ONE", "role": "org_member"}, 3),
        ({"search": "%"}, 0),
        ({"status": "deactivated"}, 0),
    ],
)
async def test_people_are_searched_and_filtered(
    auth: ServiceClient, world: World, parameters: dict[str, str], count: int
) -> None:
    reply = await auth.as_(world.one.tenant_admin).get(USERS, params=parameters)
    assert len(reply.json()["items"]) == count


async def test_an_org_admin_adds_a_member_who_chooses_a_password(
    auth: ServiceClient, world: World, superuser: psycopg.Connection
) -> None:
    reply = await auth.as_(world.one.org_admin).post(USERS, json=a_member())
    assert reply.status_code == 201, reply.text
    made = reply.json()
    assert [m["organization_id"] for m in made["memberships"]] == [str(world.one.organization_id)]
    assert made["email_verified"] is False
    trail = superuser.execute(
        "SELECT actor_id, resource_id, details->>'role' FROM audit.events"
        " WHERE tenant_id = %s AND action = 'user.create'",
        [world.one.id],
    ).fetchall()
    assert trail == [(world.one.org_admin.user_id, made["id"], "org_member")]
    seen = await auth.as_(world.one.org_member).get(ME)
    assert seen.status_code == 200


@pytest.mark.parametrize(
    ("role", "changes", "status"),
    [
        ("tenant_admin", {}, 403),
        ("super_admin", {}, 403),
        ("user", {}, 422),
        ("org_admin", {}, 201),
    ],
)
async def test_nobody_gives_a_role_above_their_own(
    auth: ServiceClient, world: World, role: str, changes: dict[str, Any], status: int
) -> None:
    reply = await auth.as_(world.one.org_admin).post(USERS, json=a_member(role=role, **changes))
    assert reply.status_code == status, reply.text


async def test_administrators_add_people_in_their_own_scope_only(auth: ServiceClient, world: World) -> None:
    admin = auth.as_(world.one.org_admin)
    elsewhere = a_member(organization_id=str(world.one.outsider.subject.organization_id))
    assert_problem(await admin.post(USERS, json=elsewhere), 404)
    other_tenant = a_member(organization_id=str(world.two.organization_id))
    assert_problem(await auth.as_(world.one.tenant_admin).post(USERS, json=other_tenant), 404)
    named = a_member(tenant_id=str(world.two.id), organization_id=str(world.two.organization_id))
    assert_problem(await auth.as_(world.one.tenant_admin).post(USERS, json=named), 404)
    assert (await auth.as_(world.super_admin).post(USERS, json=named)).status_code == 201
    nowhere = a_member()
    assert_problem(
        await auth.as_(world.one.tenant_admin).post(USERS, json=nowhere), 422, pointer="/body/organization_id"
    )


async def test_a_known_address_gets_a_membership_and_looks_like_a_new_one(
    auth: ServiceClient, world: World, person: Person
) -> None:
    known = person()
    admin = auth.as_(world.one.org_admin)
    reply = await admin.post(USERS, json=a_member(email=known.email))
    assert reply.status_code == 201
    assert [m["tenant_id"] for m in reply.json()["memberships"]] == [str(world.one.id)]
    assert_problem(await admin.post(USERS, json=a_member(email=known.email)), 409, "already_exists")


async def test_seats_are_never_exceeded_even_at_the_same_moment(
    auth: ServiceClient, world: World, superuser: psycopg.Connection
) -> None:
    superuser.execute("UPDATE tenancy.organizations SET max_users = 5 WHERE id = %s", [world.one.organization_id])
    admin = auth.as_(world.one.org_admin)
    replies = await asyncio.gather(*(admin.post(USERS, json=a_member()) for _ in range(4)))
    assert sorted(reply.status_code for reply in replies) == [201, 201, 409, 409]


async def test_people_out_of_reach_do_not_exist(auth: ServiceClient, world: World) -> None:
    admin = auth.as_(world.one.org_admin)
    for stranger in (world.two.org_member, world.one.outsider, world.one.tenant_admin, world.user):
        path = f"{USERS}/{stranger.user_id}"
        assert_problem(await admin.get(path), 404)
        assert_problem(await admin.patch(path, json={"full_name": "X"}), 404)
        assert_problem(await admin.delete(path), 404)
        assert_problem(await admin.put(f"{path}/role", json={"role": "org_member"}), 404)
        for action in ("activate", "deactivate", "unlock"):
            assert_problem(await admin.post(f"{path}/{action}"), 404)


async def test_a_new_role_counts_at_once(auth: ServiceClient, world: World) -> None:
    admin, member = auth.as_(world.one.org_admin), world.one.org_member
    reply = await admin.put(f"{USERS}/{member.user_id}/role", json={"role": "org_admin"})
    assert reply.json()["memberships"][0]["role"] == "org_admin"
    assert_problem(await auth.as_(member).get(ME), 401)


async def test_nobody_raises_or_lowers_themselves_or_their_betters(auth: ServiceClient, world: World) -> None:
    admin = auth.as_(world.one.org_admin)
    own = f"{USERS}/{world.one.org_admin.user_id}"
    assert_problem(await admin.put(f"{own}/role", json={"role": "org_member"}), 403)
    assert_problem(await admin.post(f"{own}/deactivate"), 403)
    assert_problem(await admin.delete(own), 403)
    path = f"{USERS}/{world.one.org_member.user_id}/role"
    assert_problem(await admin.put(path, json={"role": "tenant_admin"}), 403)
    assert_problem(await admin.put(path, json={"role": "super_admin"}), 403)


async def test_a_tenant_keeps_its_last_administrator(auth: ServiceClient, world: World) -> None:
    root = auth.as_(world.super_admin)
    path = f"{USERS}/{world.one.tenant_admin.user_id}"
    lower = {"role": "org_member", "organization_id": str(world.one.organization_id)}
    assert_problem(await root.put(f"{path}/role", json=lower), 409)
    assert_problem(await root.delete(path), 409)
    second = await auth.as_(world.one.tenant_admin).post(USERS, json=a_member(role="tenant_admin"))
    assert second.status_code == 201
    moved = await root.put(f"{path}/role", json=lower)
    assert moved.json()["memberships"][0]["organization_id"] == str(world.one.organization_id)


async def test_a_deactivated_person_is_out_at_once_until_activated(
    auth: ServiceClient, world: World, person: Person, sign_in: SignIn
) -> None:
    who = person(Role.ORG_MEMBER, world.one.id, world.one.organization_id)
    signed_in = await sign_in(who)
    admin, path = auth.as_(world.one.org_admin), f"{USERS}/{who.user_id}"
    assert (await admin.post(f"{path}/deactivate")).json()["status"] == "deactivated"
    assert_problem(await auth.http.get(ME, headers=signed_in.headers), 401)
    refresh = {"refresh_token": signed_in.tokens["refresh_token"]}
    assert_problem(await auth.http.post("/api/v1/auth/refresh", json=refresh), 401)
    assert_problem(await admin.post(f"{path}/deactivate"), 409)
    assert (await admin.post(f"{path}/activate")).json()["status"] == "active"
    await sign_in(who)


async def test_an_account_with_memberships_elsewhere_is_only_taken_out_of_here(
    auth: ServiceClient, world: World, superuser: psycopg.Connection
) -> None:
    who = world.one.org_member
    superuser.execute(
        "INSERT INTO identity.memberships (tenant_id, id, user_id, organization_id, role)"
        " VALUES (%s, %s, %s, %s, 'org_member')",
        [world.two.id, new_id(), who.user_id, world.two.organization_id],
    )
    admin, path = auth.as_(world.one.org_admin), f"{USERS}/{who.user_id}"
    assert len((await admin.get(path)).json()["memberships"]) == 1
    assert_problem(await admin.post(f"{path}/deactivate"), 403)
    assert (await admin.delete(path)).status_code == 204
    assert_problem(await admin.get(path), 404)
    kept = superuser.execute(
        "SELECT u.status, count(m.*) FROM identity.users u LEFT JOIN identity.memberships m ON m.user_id = u.id"
        " WHERE u.id = %s GROUP BY u.status",
        [who.user_id],
    ).fetchone()
    assert kept == ("active", 1)


async def test_a_deleted_account_leaves_only_its_id(
    auth: ServiceClient, world: World, superuser: psycopg.Connection
) -> None:
    who = world.one.org_member
    reply = await auth.as_(world.one.tenant_admin).delete(f"{USERS}/{who.user_id}")
    assert reply.status_code == 204, reply.text
    row = superuser.execute(
        "SELECT email, full_name, password_hash, status FROM identity.users WHERE id = %s", [who.user_id]
    ).fetchone()
    assert row == (f"{who.user_id}@anonymised.invalid", "", None, "anonymised")
    assert_problem(await auth.as_(who).get(ME), 401)
    again = await auth.as_(world.one.org_admin).post(USERS, json=a_member(email=who.email))
    assert again.status_code == 201


async def test_an_unlocked_person_may_try_again(
    auth: ServiceClient, world: World, person: Person, sign_in: SignIn
) -> None:
    who = person(Role.ORG_MEMBER, world.one.id, world.one.organization_id)
    for _ in range(11):
        await auth.http.post("/api/v1/auth/login", json={"email": who.email, "password": "wrong"})
    admin, path = auth.as_(world.one.org_admin), f"{USERS}/{who.user_id}"
    refused = await auth.http.post("/api/v1/auth/login", json={"email": who.email, "password": "wrong"})
    assert_problem(refused, 429, "rate_limited")
    assert (await admin.post(f"{path}/unlock")).status_code == 200
    await sign_in(who)


async def test_a_name_is_changed_on_the_version_that_was_read(auth: ServiceClient, world: World) -> None:
    admin, path = auth.as_(world.one.org_admin), f"{USERS}/{world.one.org_member.user_id}"
    tag = (await admin.get(path)).headers["etag"]
    changed = await admin.patch(path, json={"full_name": "Renamed"}, headers={"If-Match": tag})
    assert changed.json()["full_name"] == "Renamed"
    assert_problem(await admin.patch(path, json={"full_name": "Again"}, headers={"If-Match": tag}), 412)


async def test_super_admins_appoint_super_admins_on_the_platform(auth: ServiceClient, world: World) -> None:
    body = a_member(role="super_admin", tenant_id=str(PLATFORM_TENANT_ID))
    assert (await auth.as_(world.super_admin).post(USERS, json=body)).status_code == 201
    misplaced = a_member(role="super_admin", tenant_id=str(world.one.id))
    assert_problem(await auth.as_(world.super_admin).post(USERS, json=misplaced), 422, pointer="/body/role")
