import asyncio
from collections.abc import Callable
from typing import Any
from uuid import UUID

import psycopg

from accunode_common.auth.roles import Role
from accunode_common.ids import new_id
from accunode_common.testing.app import ServiceClient
from accunode_common.testing.people import Caller, World, WorldMaker
from accunode_common.testing.problems import assert_problem


def admins(world: World) -> str:
    return f"/api/v1/tenants/{world.one.id}/admins"


async def test_somebody_with_an_account_is_appointed_and_signs_in_anew(
    tenants: ServiceClient, world: World, trail_of: Callable[[UUID], list[Any]]
) -> None:
    member = world.one.org_member
    reply = await tenants.as_(world.super_admin).post(admins(world), json={"email": member.email.upper()})
    assert reply.status_code == 201, reply.text
    assert reply.json()["user_id"] == str(member.user_id)
    assert_problem(await tenants.as_(member).get("/api/v1/organizations"), 401)
    assert trail_of(world.one.id)[-1]["action"] == "tenant_admin.add"

    listed = (await tenants.as_(world.one.tenant_admin).get(admins(world))).json()["items"]
    assert [item["user_id"] for item in listed] == [str(world.one.tenant_admin.user_id), str(member.user_id)]

    again = await tenants.as_(world.super_admin).post(admins(world), json={"email": member.email})
    assert_problem(again, 409, "already_exists")


async def test_somebody_new_needs_a_name_and_a_password(tenants: ServiceClient, world: World) -> None:
    client = tenants.as_(world.super_admin)
    new = {"email": f"{new_id()}@bank.example", "full_name": "New Head", "password": "a long new secret 7"}
    for missing in ("full_name", "password"):
        body = {name: value for name, value in new.items() if name != missing}
        assert_problem(await client.post(admins(world), json=body), 422, pointer=f"/body/{missing}", fault="missing")
    made = await client.post(admins(world), json=new)
    assert (made.status_code, made.json()["full_name"]) == (201, "New Head")


async def test_a_known_persons_password_is_not_replaced(tenants: ServiceClient, world: World) -> None:
    body = {"email": world.one.org_member.email, "full_name": "X", "password": "a long new secret 7"}
    reply = await tenants.as_(world.super_admin).post(admins(world), json=body)
    assert_problem(reply, 422, pointer="/body/email", fault="known_person")


async def test_an_admin_is_removed_and_out_at_once(
    tenants: ServiceClient, world: World, world_maker: WorldMaker
) -> None:
    second = world_maker.caller(Role.TENANT_ADMIN, world.one.id)
    assert (await tenants.as_(second).get(f"/api/v1/tenants/{world.one.id}")).status_code == 200
    removed = await tenants.as_(world.super_admin).delete(f"{admins(world)}/{second.user_id}")
    assert removed.status_code == 204
    assert_problem(await tenants.as_(second).get(f"/api/v1/tenants/{world.one.id}"), 401)
    again = await tenants.as_(world.super_admin).delete(f"{admins(world)}/{second.user_id}")
    assert_problem(again, 404, "not_found")


async def test_the_last_admin_stays(tenants: ServiceClient, world: World) -> None:
    reply = await tenants.as_(world.super_admin).delete(f"{admins(world)}/{world.one.tenant_admin.user_id}")
    assert_problem(reply, 409, "conflict")
    assert (await tenants.as_(world.one.tenant_admin).get(admins(world))).status_code == 200


async def test_an_admin_who_cannot_sign_in_does_not_count(
    tenants: ServiceClient, world: World, world_maker: WorldMaker, superuser: psycopg.Connection
) -> None:
    blocked = world_maker.caller(Role.TENANT_ADMIN, world.one.id)
    superuser.execute("update identity.users set status = 'deactivated' where id = %s", [blocked.user_id])
    client = tenants.as_(world.super_admin)
    assert_problem(await client.delete(f"{admins(world)}/{world.one.tenant_admin.user_id}"), 409)
    assert (await client.delete(f"{admins(world)}/{blocked.user_id}")).status_code == 204


async def test_two_removals_at_once_leave_one_admin(
    tenants: ServiceClient, world: World, world_maker: WorldMaker
) -> None:
    second = world_maker.caller(Role.TENANT_ADMIN, world.one.id)
    client = tenants.as_(world.super_admin)
    replies = await asyncio.gather(
        client.delete(f"{admins(world)}/{world.one.tenant_admin.user_id}"),
        client.delete(f"{admins(world)}/{second.user_id}"),
    )
    assert sorted(reply.status_code for reply in replies) == [204, 409]


async def test_only_the_platform_appoints_and_removes(tenants: ServiceClient, world: World, caller: Caller) -> None:
    if caller.subject.role is Role.SUPER_ADMIN:
        return
    client = tenants.as_(caller)
    assert_problem(await client.post(admins(world), json={"email": caller.email}), 403)
    assert_problem(await client.delete(f"{admins(world)}/{world.one.tenant_admin.user_id}"), 403)
