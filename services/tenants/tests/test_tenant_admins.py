import asyncio
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

import psycopg
import pytest

from accunode_common.auth.roles import Role
from accunode_common.ids import new_id
from accunode_common.testing.app import ServiceClient
from accunode_common.testing.people import Caller, World, WorldMaker
from accunode_common.testing.problems import assert_problem

StillSignedIn = Callable[[Caller], Awaitable[bool]]
SAME = ("role", "tenant_id", "organization_id", "managed", "state", "invited_by", "decided_at")


def admins(world: World) -> str:
    return f"/api/v1/tenants/{world.one.id}/admins"


async def test_inviting_an_administrator_tells_and_changes_nothing_of_whoever_has_the_address(
    tenants: ServiceClient, world: World, still_signed_in: StillSignedIn, trail_of: Callable[[UUID], list[Any]]
) -> None:
    client, known = tenants.as_(world.super_admin), world.two.org_member
    replies = [
        await client.post(admins(world), json={"email": email})
        for email in (known.email.upper(), f"{new_id()}@nowhere.example", world.super_admin.email)
    ]
    assert [reply.status_code for reply in replies] == [201, 201, 201]
    shapes = [{key: value for key, value in reply.json().items() if key in SAME} for reply in replies]
    assert shapes == [shapes[0]] * 3
    assert (shapes[0]["role"], shapes[0]["state"]) == ("tenant_admin", "pending")
    assert await still_signed_in(known)
    event = trail_of(world.one.id)[0]
    assert (event["action"], event["details"]["email"]) == ("invitation.create", known.email.upper())
    listed = (await tenants.as_(world.one.tenant_admin).get(admins(world))).json()["items"]
    assert [item["user_id"] for item in listed] == [str(world.one.tenant_admin.user_id)]
    again = await client.post(admins(world), json={"email": known.email})
    assert_problem(again, 409, "already_exists")
    member = await client.post(admins(world), json={"email": world.one.tenant_admin.email})
    assert_problem(member, 409, "already_exists")


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
    assert_problem(reply, 409, "last_administrator")
    assert (await tenants.as_(world.one.tenant_admin).get(admins(world))).status_code == 200


@pytest.mark.parametrize(
    "blocking",
    [
        "update identity.users set status = 'deactivated' where id = %s",
        "update identity.users set email_verified_at = null where id = %s",
        "update identity.memberships set status = 'suspended' where user_id = %s",
    ],
)
async def test_an_admin_who_cannot_sign_in_does_not_count(
    tenants: ServiceClient, world: World, world_maker: WorldMaker, superuser: psycopg.Connection, blocking: str
) -> None:
    blocked = world_maker.caller(Role.TENANT_ADMIN, world.one.id)
    superuser.execute(blocking.encode(), [blocked.user_id])
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
