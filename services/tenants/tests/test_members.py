import asyncio
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

import psycopg

from accunode_common.auth.roles import Role
from accunode_common.ids import new_id
from accunode_common.testing.app import ServiceClient
from accunode_common.testing.people import Caller, World, WorldMaker
from accunode_common.testing.problems import assert_problem


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


async def test_somebody_of_the_tenant_gets_a_seat(
    tenants: ServiceClient, world: World, trail_of: Callable[[UUID], list[Any]]
) -> None:
    body = {"email": world.one.outsider.email, "role": "org_admin"}
    reply = await tenants.as_(world.one.tenant_admin).post(members(world), json=body)
    assert reply.status_code == 201, reply.text
    assert (reply.json()["outcome"], reply.json()["member"]["role"]) == ("added", "org_admin")
    event = trail_of(world.one.id)[-1]
    assert (event["action"], event["resource_id"]) == ("member.add", str(world.one.outsider.user_id))
    again = await tenants.as_(world.one.tenant_admin).post(members(world), json=body)
    assert_problem(again, 409, "already_exists")


async def test_an_unknown_address_and_another_tenants_person_get_the_same_reply(
    tenants: ServiceClient, world: World
) -> None:
    for caller in (world.one.org_admin, world.one.tenant_admin):
        replies = [
            await tenants.as_(caller).post(members(world), json={"email": email})
            for email in (f"{new_id()}@nowhere.example", world.two.org_member.email, world.user.email)
        ]
        assert {(reply.status_code, reply.text) for reply in replies} == {(202, '{"outcome":"invited","member":null}')}
    listed = await tenants.as_(world.one.org_admin).get(members(world).replace("members", "whitelist"))
    assert world.two.org_member.email in listed.text


async def test_no_role_of_another_tier_is_given(tenants: ServiceClient, world: World) -> None:
    for role in ("tenant_admin", "super_admin", "user", "owner"):
        body = {"email": world.one.outsider.email, "role": role}
        assert_problem(await tenants.as_(world.super_admin).post(members(world), json=body), 422, pointer="/body/role")


async def test_seats_are_limited_even_when_two_ask_at_once(
    tenants: ServiceClient, world: World, world_maker: WorldMaker
) -> None:
    client = tenants.as_(world.one.tenant_admin)
    organization = f"/api/v1/organizations/{world.one.organization_id}"
    await client.patch(organization, json={"max_users": 4})
    elsewhere = world.one.outsider.subject.organization_id
    people = [world_maker.caller(Role.ORG_MEMBER, world.one.id, elsewhere) for _ in range(3)]
    replies = await asyncio.gather(*(client.post(members(world), json={"email": each.email}) for each in people))
    assert sorted(reply.status_code for reply in replies) == [201, 409, 409]
    refused = next(reply for reply in replies if reply.status_code == 409)
    assert_problem(refused, 409, "no_seats")


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
