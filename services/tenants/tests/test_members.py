from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

import psycopg

from accunode_common.auth.roles import Role
from accunode_common.ids import new_id
from accunode_common.testing.app import ServiceClient
from accunode_common.testing.people import Caller, World
from accunode_common.testing.problems import assert_problem

StillSignedIn = Callable[[Caller], Awaitable[bool]]
SAME = ("role", "tenant_id", "organization_id", "managed", "state", "invited_by", "decided_at")


def members(world: World) -> str:
    return f"/api/v1/organizations/{world.one.organization_id}/members"


async def test_members_are_listed_with_their_roles(tenants: ServiceClient, world: World) -> None:
    for caller in (world.one.org_admin, world.one.tenant_admin, world.super_admin):
        found = (await tenants.as_(caller).get(members(world), params={"with_total": "true"})).json()
        assert found["total"] == 3
        assert {(item["email"], item["role"]) for item in found["items"]} == {
            (world.one.org_admin.email, "org_admin"),
            (world.one.org_member.email, "org_member"),
            (world.one.other_member.email, "org_member"),
        }
    admins = await tenants.as_(world.one.org_admin).get(members(world), params={"role": "org_admin"})
    assert len(admins.json()["items"]) == 1


async def test_inviting_tells_and_changes_nothing_of_whoever_has_the_address(
    tenants: ServiceClient,
    world: World,
    still_signed_in: StillSignedIn,
    trail_of: Callable[[UUID], list[Any]],
    superuser: psycopg.Connection,
) -> None:
    known = (world.two.org_member, world.user, world.super_admin, world.one.outsider)
    query = "select md5(u::text || m::text) from identity.users u join identity.memberships m on m.user_id = u.id"
    before = superuser.execute(f"{query} where u.id = any(%s) order by 1", [[k.user_id for k in known]]).fetchall()
    replies = [
        await tenants.as_(world.one.org_admin).post(members(world), json={"email": email})
        for email in (f"{new_id()}@nowhere.example", *(each.email for each in known))
    ]
    assert {reply.status_code for reply in replies} == {201}
    shown = [{key: reply.json()[key] for key in SAME} for reply in replies]
    assert shown == [shown[0]] * len(replies)
    after = superuser.execute(f"{query} where u.id = any(%s) order by 1", [[k.user_id for k in known]]).fetchall()
    assert before == after
    for each in known:
        assert await still_signed_in(each)
    event = trail_of(world.one.id)[-1]
    assert (event["action"], event["details"]["email"]) == ("invitation.create", world.one.outsider.email)
    seen = await tenants.as_(world.one.org_admin).get(members(world), params={"with_total": "true"})
    assert seen.json()["total"] == 3


async def test_a_member_and_a_pending_address_are_not_invited_again(tenants: ServiceClient, world: World) -> None:
    client = tenants.as_(world.one.org_admin)
    for email in (world.one.other_member.email.upper(), world.user.email, world.user.email):
        reply = await client.post(members(world), json={"email": email})
    assert_problem(reply, 409, "already_exists")
    member = await client.post(members(world), json={"email": world.one.other_member.email})
    assert_problem(member, 409, "already_exists")


async def test_nobody_is_invited_to_a_deleted_organization(tenants: ServiceClient, world: World) -> None:
    organization = f"/api/v1/organizations/{world.one.organization_id}"
    assert (await tenants.as_(world.one.tenant_admin).delete(organization)).status_code == 204
    for caller in (world.one.tenant_admin, world.super_admin):
        assert_problem(await tenants.as_(caller).post(members(world), json={"email": "n@bank.example"}), 404)


async def test_no_role_of_another_tier_is_given(tenants: ServiceClient, world: World) -> None:
    for role in ("tenant_admin", "super_admin", "user", "owner"):
        body = {"email": world.one.outsider.email, "role": role}
        assert_problem(await tenants.as_(world.super_admin).post(members(world), json=body), 422, pointer="/body/role")


async def test_a_removed_member_is_out_at_once_and_cannot_join_again(
    tenants: ServiceClient,
    world: World,
    join_token: Callable[..., Awaitable[str]],
    trail_of: Callable[[UUID], list[Any]],
    superuser: psycopg.Connection,
) -> None:
    member = world.one.org_member
    await join_token(member)
    assert (await tenants.as_(member).get("/api/v1/organizations")).status_code == 200

    removed = await tenants.as_(world.one.org_admin).delete(f"{members(world)}/{member.user_id}")

    assert removed.status_code == 204
    assert_problem(await tenants.as_(member).get("/api/v1/organizations"), 401)
    event = trail_of(world.one.id)[-1]
    assert (event["action"], event["resource_id"]) == ("member.remove", str(member.user_id))
    listed = superuser.execute(
        "select 1 from tenancy.whitelist_entries where email_key = %s and organization_id = %s",
        [member.email, world.one.organization_id],
    ).fetchone()
    assert listed is None
    again = await tenants.as_(world.one.org_admin).delete(f"{members(world)}/{member.user_id}")
    assert_problem(again, 404, "not_found")


async def test_other_organizations_members_are_out_of_reach(tenants: ServiceClient, world: World) -> None:
    client = tenants.as_(world.one.org_admin)
    for other in (world.one.outsider, world.one.tenant_admin, world.two.org_member):
        assert_problem(await client.delete(f"{members(world)}/{other.user_id}"), 404)
    path = f"/api/v1/organizations/{world.two.organization_id}/members"
    assert_problem(await client.post(path, json={"email": world.one.org_member.email}), 404)
    assert_problem(await client.delete(f"{path}/{world.two.org_member.user_id}"), 404)


async def test_only_admins_manage_members(tenants: ServiceClient, world: World, caller: Caller) -> None:
    reply = await tenants.as_(caller).delete(f"{members(world)}/{world.one.other_member.user_id}")
    allowed = caller.subject.role in (Role.SUPER_ADMIN, Role.TENANT_ADMIN, Role.ORG_ADMIN)
    assert reply.status_code == (204 if allowed else 403)
