"""Administrators manage the people in their reach, and nobody else."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

import psycopg
import pytest

from accunode_common.auth.roles import GRANTS, Permission, Role
from accunode_common.ids import new_id
from accunode_common.testing.app import ServiceClient
from accunode_common.testing.people import Caller, TenantWorld, World, WorldMaker
from accunode_common.testing.problems import assert_problem

USERS = "/api/v1/users"
ME = f"{USERS}/me"

Person = Callable[..., Caller]
SignIn = Callable[..., Awaitable[Any]]
Prove = Callable[..., Awaitable[dict[str, str]]]


def a_member(**changes: Any) -> dict[str, Any]:
    return {"email": f"new-{new_id()}@bank.example", "role": "org_member", **changes}


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
        ({"status": "suspended"}, 0),
    ],
)
async def test_people_are_searched_and_filtered(
    auth: ServiceClient, world: World, parameters: dict[str, str], count: int
) -> None:
    reply = await auth.as_(world.one.tenant_admin).get(USERS, params=parameters)
    assert len(reply.json()["items"]) == count


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


async def test_people_out_of_reach_do_not_exist(auth: ServiceClient, world: World) -> None:
    admin = auth.as_(world.one.org_admin)
    for stranger in (world.two.org_member, world.one.outsider, world.one.tenant_admin, world.user):
        path = f"{USERS}/{stranger.user_id}"
        assert_problem(await admin.get(path), 404)
        assert_problem(await admin.patch(path, json={"full_name": "X"}), 404)
        assert_problem(await admin.delete(path), 404)
        assert_problem(await admin.put(f"{path}/role", json={"role": "org_member"}), 404)
        for action in ("activate", "deactivate", "unlock", "suspend", "resume"):
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


async def test_a_tenant_keeps_its_last_administrator(
    auth: ServiceClient, world: World, world_maker: WorldMaker
) -> None:
    root = auth.as_(world.super_admin)
    path = f"{USERS}/{world.one.tenant_admin.user_id}"
    lower = {"role": "org_member", "organization_id": str(world.one.organization_id)}

    async def attempts() -> list[Any]:
        return [
            await root.put(f"{path}/role", json=lower),
            await root.delete(path),
            await root.post(f"{path}/suspend"),
            await root.post(f"{path}/deactivate"),
        ]

    for reply in await attempts():
        assert_problem(reply, 409, "last_administrator")
    world_maker.caller(Role.TENANT_ADMIN, world.one.id)
    moved = await root.put(f"{path}/role", json=lower)
    assert moved.json()["memberships"][0]["organization_id"] == str(world.one.organization_id)


Ousting = Callable[[ServiceClient, Caller, Caller], Awaitable[Any]]
OUSTINGS: dict[str, Ousting] = {
    "suspends": lambda auth, one, other: auth.as_(one).post(f"{USERS}/{other.user_id}/suspend"),
    "removes": lambda auth, one, other: auth.as_(one).delete(f"{USERS}/{other.user_id}"),
    "demotes": lambda auth, one, other: auth.as_(one).put(
        f"{USERS}/{other.user_id}/role", json={"role": "org_member", "organization_id": ORGANIZATION[one.tenant_id]}
    ),
    "deactivates": lambda auth, one, other: auth.as_(one).post(f"{USERS}/{other.user_id}/deactivate"),
}
ORGANIZATION: dict[UUID, str] = {}


@pytest.mark.parametrize(("first", "second"), [*((way, way) for way in OUSTINGS), ("suspends", "removes")])
async def test_of_two_administrators_who_put_each_other_out_at_once_one_stays(
    auth: ServiceClient, world_maker: WorldMaker, superuser: psycopg.Connection, first: str, second: str
) -> None:
    for _ in range(4):
        tenant = world_maker.tenant("race")
        ORGANIZATION[tenant.id] = str(tenant.organization_id)
        one, other = tenant.tenant_admin, world_maker.caller(Role.TENANT_ADMIN, tenant.id)
        superuser.execute(
            "UPDATE identity.users SET managed_by_tenant_id = %s WHERE id = any(%s)",
            [tenant.id, [one.user_id, other.user_id]],
        )
        replies = await asyncio.gather(OUSTINGS[first](auth, one, other), OUSTINGS[second](auth, other, one))
        statuses = sorted(reply.status_code for reply in replies)
        assert statuses[0] in (200, 204), [reply.text for reply in replies]
        assert statuses[1] in (401, 409), [reply.text for reply in replies]
        left = superuser.execute(
            "SELECT count(*) FROM identity.memberships m JOIN identity.users u ON u.id = m.user_id"
            " WHERE m.tenant_id = %s AND m.role = 'tenant_admin' AND m.status = 'active' AND u.status = 'active'",
            [tenant.id],
        ).fetchone()
        assert left == (1,)


async def test_a_suspended_member_is_out_of_the_place_at_once_and_nowhere_else(
    auth: ServiceClient, world: World, person: Person, sign_in: SignIn, superuser: psycopg.Connection
) -> None:
    who = person(Role.ORG_MEMBER, world.one.id, world.one.organization_id)
    elsewhere = member_of(superuser, who, world.two)
    signed_in, beside = await sign_in(who), await sign_in(who)
    there = await auth.http.post("/api/v1/auth/switch", json={"membership_id": str(elsewhere)}, headers=beside.headers)
    admin, path = auth.as_(world.one.org_admin), f"{USERS}/{who.user_id}"
    suspended = (await admin.post(f"{path}/suspend")).json()
    working_there = {"Authorization": f"Bearer {there.json()['access_token']}"}
    assert (await auth.http.get(ME, headers=working_there)).status_code == 200
    assert [m["status"] for m in suspended["memberships"]] == ["suspended"]
    assert_problem(await auth.http.get(ME, headers=signed_in.headers), 401)
    refresh = {"refresh_token": signed_in.tokens["refresh_token"]}
    refreshed = await auth.http.post("/api/v1/auth/refresh", json=refresh)
    headers = {"Authorization": f"Bearer {refreshed.json()['access_token']}"}
    profile = (await auth.http.get(ME, headers=headers)).json()
    assert profile["tenant_id"] == str(world.two.id)
    back = await auth.http.post("/api/v1/auth/switch", json={"membership_id": str(who.membership_id)}, headers=headers)
    assert_problem(back, 404)
    assert_problem(await admin.post(f"{path}/suspend"), 409)
    assert_problem(await auth.as_(world.two.org_admin).post(f"{path}/resume"), 409)
    resumed = (await admin.post(f"{path}/resume")).json()
    assert [m["status"] for m in resumed["memberships"]] == ["active"]
    assert elsewhere != who.membership_id


def member_of(superuser: psycopg.Connection, who: Caller, tenant: TenantWorld) -> UUID:
    """Makes somebody a member of another tenant's organization as well."""
    membership_id = new_id()
    superuser.execute(
        "INSERT INTO identity.memberships (tenant_id, id, user_id, organization_id, role)"
        " VALUES (%s, %s, %s, %s, 'org_member')",
        [tenant.id, membership_id, who.user_id, tenant.organization_id],
    )
    return membership_id


async def test_whom_one_tenant_suspended_stays_out_whatever_another_does(
    auth: ServiceClient, world: World, person: Person, sign_in: SignIn, superuser: psycopg.Connection
) -> None:
    who = person(Role.ORG_MEMBER, world.two.id, world.two.organization_id)
    in_one = member_of(superuser, who, world.one)
    path = f"{USERS}/{who.user_id}"
    assert (await auth.as_(world.two.org_admin).post(f"{path}/suspend")).status_code == 200
    admin = auth.as_(world.one.org_admin)
    for action in ("suspend", "resume", "activate", "unlock", "deactivate"):
        await admin.post(f"{path}/{action}")
    await admin.put(f"{path}/role", json={"role": "org_admin"})
    signed_in = await sign_in(who)
    profile = (await auth.http.get(ME, headers=signed_in.headers)).json()
    assert [m["membership_id"] for m in profile["memberships"]] == [str(in_one)]


ACCOUNT_CHANGES: list[tuple[str, str, dict[str, Any] | None]] = [
    ("PATCH", "", {"full_name": "Ada Lovelace"}),
    ("POST", "/unlock", None),
    ("POST", "/deactivate", None),
    ("POST", "/activate", None),
]


@pytest.mark.parametrize(("method", "action", "body"), ACCOUNT_CHANGES)
async def test_an_account_is_nobodys_but_its_owners(
    auth: ServiceClient, world: World, superuser: psycopg.Connection, method: str, action: str, body: Any
) -> None:
    who = world.one.org_member
    before = fingerprint(superuser, who)
    for admin in (world.one.org_admin, world.one.tenant_admin):
        reply = await auth.as_(admin).request(method, f"{USERS}/{who.user_id}{action}", json=body)
        assert_problem(reply, 403)
    assert fingerprint(superuser, who) == before
    assert (await auth.as_(who).get(ME)).status_code == 200


def fingerprint(superuser: psycopg.Connection, who: Caller) -> list[Any]:
    """All that the database holds of a person."""
    return superuser.execute(
        "SELECT u::text FROM identity.users u WHERE id = %(id)s"
        " UNION ALL SELECT m::text FROM identity.memberships m WHERE user_id = %(id)s"
        " UNION ALL SELECT s::text FROM identity.sessions s WHERE user_id = %(id)s"
        " UNION ALL SELECT k::text FROM identity.api_keys k WHERE user_id = %(id)s ORDER BY 1",
        {"id": who.user_id},
    ).fetchall()


async def test_a_removed_member_keeps_the_account_and_no_join_token(
    auth: ServiceClient, world: World, superuser: psycopg.Connection
) -> None:
    who = world.one.org_member
    superuser.execute(
        "INSERT INTO tenancy.whitelist_entries (tenant_id, organization_id, email_key, added_by)"
        " VALUES (%s, %s, %s, %s)",
        [world.one.id, world.one.organization_id, who.email, world.one.org_admin.user_id],
    )
    assert (await auth.as_(world.one.org_admin).delete(f"{USERS}/{who.user_id}")).status_code == 204
    row = superuser.execute("SELECT email, status FROM identity.users WHERE id = %s", [who.user_id]).fetchone()
    assert row == (who.email, "active")
    listed = superuser.execute("SELECT 1 FROM tenancy.whitelist_entries WHERE email_key = %s", [who.email]).fetchall()
    assert listed == []
    assert_problem(await auth.as_(who).get(ME), 401)


async def test_what_an_administrator_sees_of_an_account_is_its_address_and_name(
    auth: ServiceClient, world: World, superuser: psycopg.Connection
) -> None:
    who = world.one.org_member
    superuser.execute("UPDATE identity.users SET last_sign_in_at = now() WHERE id = %s", [who.user_id])
    path = f"{USERS}/{who.user_id}"
    for admin in (world.one.org_admin, world.one.tenant_admin):
        seen = (await auth.as_(admin).get(path)).json()
        assert (seen["status"], seen["locked"], seen["last_sign_in_at"], seen["managed"]) == (None, None, None, False)
    superuser.execute("UPDATE identity.users SET managed_by_tenant_id = %s WHERE id = %s", [world.one.id, who.user_id])
    seen = (await auth.as_(world.one.tenant_admin).get(path)).json()
    assert (seen["status"], seen["locked"], seen["managed"]) == ("active", False, True)
    assert seen["last_sign_in_at"] is not None
    assert (await auth.as_(world.one.org_admin).get(path)).json()["last_sign_in_at"] is None


async def test_the_managing_tenants_administrators_look_after_an_account(
    auth: ServiceClient, world: World, person: Person, sign_in: SignIn, superuser: psycopg.Connection
) -> None:
    who = person(Role.ORG_MEMBER, world.one.id, world.one.organization_id)
    superuser.execute("UPDATE identity.users SET managed_by_tenant_id = %s WHERE id = %s", [world.one.id, who.user_id])
    admin, path = auth.as_(world.one.tenant_admin), f"{USERS}/{who.user_id}"
    tag = (await admin.get(path)).headers["etag"]
    changed = await admin.patch(path, json={"full_name": "Renamed"}, headers={"If-Match": tag})
    assert changed.json()["full_name"] == "Renamed"
    assert_problem(await admin.patch(path, json={"full_name": "Again"}, headers={"If-Match": tag}), 412)
    assert_problem(await auth.as_(world.one.org_admin).post(f"{path}/deactivate"), 403)
    signed_in = await sign_in(who)
    assert (await admin.post(f"{path}/deactivate")).json()["status"] == "deactivated"
    assert_problem(await auth.http.get(ME, headers=signed_in.headers), 401)
    refresh = {"refresh_token": signed_in.tokens["refresh_token"]}
    assert_problem(await auth.http.post("/api/v1/auth/refresh", json=refresh), 401)
    assert (await admin.post(f"{path}/activate")).json()["status"] == "active"
    await sign_in(who)
    assert (await admin.delete(path)).status_code == 204
    row = superuser.execute(
        "SELECT email, full_name, password_hash, status FROM identity.users WHERE id = %s", [who.user_id]
    ).fetchone()
    assert row == (f"{who.user_id}@anonymised.invalid", "", None, "anonymised")


async def test_no_failed_sign_in_is_forgotten_for_an_administrator_elsewhere(
    auth: ServiceClient, world: World, person: Person
) -> None:
    who = person(Role.ORG_MEMBER, world.one.id, world.one.organization_id)
    for attempt in range(11):
        await auth.http.post("/api/v1/auth/login", json={"email": who.email, "password": "wrong"})
        if attempt % 3 == 0:
            for admin in (world.one.org_admin, world.one.tenant_admin, world.two.tenant_admin):
                assert (await auth.as_(admin).post(f"{USERS}/{who.user_id}/unlock")).status_code in (403, 404)
    again = await auth.http.post("/api/v1/auth/login", json={"email": who.email, "password": "wrong"})
    assert_problem(again, 429, "rate_limited")


async def test_an_owner_ends_the_own_account(
    auth: ServiceClient, world: World, person: Person, sign_in: SignIn, prove: Prove, superuser: psycopg.Connection
) -> None:
    who = person(Role.ORG_MEMBER, world.one.id, world.one.organization_id)
    signed_in = await sign_in(who)
    assert_problem(await auth.http.delete(ME, headers=signed_in.headers), 403, "step_up_required")
    reply = await auth.http.delete(ME, headers=await prove(signed_in.headers))
    assert reply.status_code == 204, reply.text
    row = superuser.execute("SELECT status FROM identity.users WHERE id = %s", [who.user_id]).fetchone()
    assert row == ("anonymised",)
    assert_problem(await auth.http.get(ME, headers=signed_in.headers), 401)


async def test_a_last_administrator_neither_leaves_nor_ends_the_account(
    auth: ServiceClient, world: World, person: Person, sign_in: SignIn, prove: Prove, superuser: psycopg.Connection
) -> None:
    who = person(Role.TENANT_ADMIN, world.one.id)
    superuser.execute("DELETE FROM identity.memberships WHERE id = %s", [world.one.tenant_admin.membership_id])
    signed_in = await sign_in(who)
    ending = await auth.http.delete(ME, headers=await prove(signed_in.headers))
    assert_problem(ending, 409, "last_administrator")
    leaving = f"{ME}/memberships/{who.membership_id}"
    assert_problem(await auth.http.delete(leaving, headers=signed_in.headers), 409, "last_administrator")
    assert (
        await auth.as_(world.one.org_member).delete(f"{ME}/memberships/{world.one.org_member.membership_id}")
    ).status_code == 204


async def test_nobody_who_joined_nobody_is_given_a_role(auth: ServiceClient, world: World) -> None:
    root = auth.as_(world.super_admin)
    role = {"role": "super_admin"}
    assert_problem(await root.put(f"{USERS}/{world.user.user_id}/role", json=role), 409)
    assert (await auth.as_(world.user).get(ME)).status_code == 200
