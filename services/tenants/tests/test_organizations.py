from collections.abc import Callable
from typing import Any
from uuid import UUID

import psycopg
import pytest

from accunode_common.auth.roles import Role
from accunode_common.ids import new_id
from accunode_common.testing.app import ServiceClient
from accunode_common.testing.people import Caller, World
from accunode_common.testing.problems import assert_problem

ORGANIZATIONS = "/api/v1/organizations"


def mine(world: World) -> str:
    return f"{ORGANIZATIONS}/{world.one.organization_id}"


def elsewhere(world: World) -> str:
    return f"{ORGANIZATIONS}/{world.one.outsider.subject.organization_id}"


async def test_each_caller_lists_what_they_may_read(tenants: ServiceClient, world: World) -> None:
    one = {str(world.one.organization_id), str(world.one.outsider.subject.organization_id)}
    expected = {
        world.one.org_member: {str(world.one.organization_id)},
        world.one.org_admin: {str(world.one.organization_id)},
        world.one.outsider: {str(world.one.outsider.subject.organization_id)},
        world.one.tenant_admin: one,
    }
    for caller, organizations in expected.items():
        found = (await tenants.as_(caller).get(ORGANIZATIONS)).json()["items"]
        assert {item["id"] for item in found} == organizations, caller.name
    filtered = await tenants.as_(world.super_admin).get(ORGANIZATIONS, params={"tenant_id": str(world.one.id)})
    assert {item["id"] for item in filtered.json()["items"]} == one
    assert_problem(await tenants.as_(world.user).get(ORGANIZATIONS), 403)


async def test_a_tenants_admin_filtering_by_another_tenant_finds_nothing(tenants: ServiceClient, world: World) -> None:
    reply = await tenants.as_(world.one.tenant_admin).get(ORGANIZATIONS, params={"tenant_id": str(world.two.id)})
    assert reply.json()["items"] == []


async def test_an_organization_is_created_with_the_tenants_default_seats(
    tenants: ServiceClient, world: World, trail_of: Callable[[UUID], list[Any]]
) -> None:
    client = tenants.as_(world.one.tenant_admin)
    await client.patch(f"/api/v1/tenants/{world.one.id}", json={"settings": {"default_seats": 4}})
    reply = await client.post(ORGANIZATIONS, json={"name": "Leasing"})
    made = reply.json()
    assert (reply.status_code, made["max_users"], made["members"]) == (201, 4, 0)
    assert made["tenant_id"] == str(world.one.id)
    assert (made["global_data_access"], made["join_token_created_at"]) == (False, None)
    assert trail_of(world.one.id)[-1]["action"] == "organization.create"
    assert_problem(await client.post(ORGANIZATIONS, json={"name": " LEASING "}), 409, "already_exists")


async def test_the_platform_says_for_which_tenant(tenants: ServiceClient, world: World) -> None:
    client = tenants.as_(world.super_admin)
    assert_problem(await client.post(ORGANIZATIONS, json={"name": "X"}), 422, pointer="/body/tenant_id")
    made = await client.post(ORGANIZATIONS, json={"name": "X", "tenant_id": str(world.two.id)})
    assert made.json()["tenant_id"] == str(world.two.id)
    assert_problem(await client.post(ORGANIZATIONS, json={"name": "X", "tenant_id": str(new_id())}), 404)


async def test_nobody_creates_in_another_tenant(tenants: ServiceClient, world: World, caller: Caller) -> None:
    if caller.subject.role is Role.SUPER_ADMIN:
        return
    reply = await tenants.as_(caller).post(ORGANIZATIONS, json={"name": "Y", "tenant_id": str(world.two.id)})
    assert_problem(reply, 404 if caller.subject.role is Role.TENANT_ADMIN else 403)


@pytest.mark.parametrize("tail", ["", "/members", "/whitelist", "/global-data-access"])
async def test_an_organization_outside_the_callers_reach_does_not_exist(
    tenants: ServiceClient, world: World, tail: str
) -> None:
    outside = [
        (world.two.tenant_admin, mine(world)),
        (world.two.org_admin, mine(world)),
        (world.one.org_admin, elsewhere(world)),
    ]
    for caller, path in outside:
        there = await tenants.as_(caller).get(path + tail)
        nowhere = await tenants.as_(caller).get(f"{ORGANIZATIONS}/{new_id()}{tail}")
        assert_problem(there, 404, "not_found")
        assert there.json()["detail"] == nowhere.json()["detail"]


async def test_members_read_their_organization_and_change_nothing(tenants: ServiceClient, world: World) -> None:
    client = tenants.as_(world.one.org_member)
    assert (await client.get(mine(world))).json()["members"] == 3
    assert_problem(await client.patch(mine(world), json={"name": "Ours"}), 403)
    assert_problem(await client.delete(mine(world)), 403)
    for tail in ("/members", "/whitelist", "/global-data-access"):
        assert_problem(await client.get(mine(world) + tail), 403)


async def test_an_organizations_admin_renames_it_and_leaves_the_seats(tenants: ServiceClient, world: World) -> None:
    client = tenants.as_(world.one.org_admin)
    assert (await client.patch(mine(world), json={"name": "Retail"})).json()["name"] == "Retail"
    assert_problem(await client.patch(mine(world), json={"max_users": 500}), 403, "forbidden")
    assert_problem(await client.patch(elsewhere(world), json={"name": "Ours"}), 404)


async def test_seats_do_not_shrink_below_the_members(tenants: ServiceClient, world: World) -> None:
    client = tenants.as_(world.one.tenant_admin)
    assert_problem(await client.patch(mine(world), json={"max_users": 2}), 409, "conflict")
    assert (await client.patch(mine(world), json={"max_users": 3})).json()["max_users"] == 3


async def test_a_taken_name_is_refused(tenants: ServiceClient, world: World) -> None:
    reply = await tenants.as_(world.one.tenant_admin).patch(mine(world), json={"name": "treasury"})
    assert_problem(reply, 409, "already_exists")


async def test_a_deleted_organization_is_gone_with_its_memberships_and_keeps_its_records(
    tenants: ServiceClient, world: World, superuser: psycopg.Connection, trail_of: Callable[[UUID], list[Any]]
) -> None:
    superuser.execute(
        "insert into credit.companies (tenant_id, id, access_level, organization_id, created_by, name, name_key)"
        " values (%s, %s, 'organization', %s, %s, 'kept', 'kept')",
        [world.one.id, new_id(), world.one.organization_id, world.one.org_member.user_id],
    )
    client = tenants.as_(world.one.tenant_admin)

    assert (await client.delete(mine(world))).status_code == 204

    assert_problem(await client.get(mine(world)), 404)
    assert str(world.one.organization_id) not in (await client.get(ORGANIZATIONS)).text
    assert_problem(await tenants.as_(world.one.org_member).get(ORGANIZATIONS), 401)
    assert_problem(await tenants.as_(world.one.org_admin).get(ORGANIZATIONS), 401)
    left = superuser.execute(
        "select (select count(*) from identity.memberships where organization_id = %(id)s),"
        " (select count(*) from credit.companies where organization_id = %(id)s)",
        {"id": world.one.organization_id},
    ).fetchone()
    assert left == (0, 1)
    event = trail_of(world.one.id)[-1]
    assert (event["action"], event["details"]) == ("organization.delete", {"members_removed": 3})
    assert (await client.post(ORGANIZATIONS, json={"name": "Credit"})).status_code == 201


async def test_the_sharing_switch_is_the_admins(
    tenants: ServiceClient, world: World, trail_of: Callable[[UUID], list[Any]]
) -> None:
    path = f"{mine(world)}/global-data-access"
    assert_problem(await tenants.as_(world.one.org_member).put(path, json={"enabled": True}), 403)
    client = tenants.as_(world.one.org_admin)
    assert (await client.get(path)).json() == {"enabled": False}
    turned = await client.put(path, json={"enabled": True})
    assert turned.json() == {"enabled": True}
    stale = await client.put(path, json={"enabled": False}, headers={"If-Match": '"1"'})
    assert_problem(stale, 412)
    assert (await client.get(mine(world))).json()["global_data_access"] is True
    event = trail_of(world.one.id)[-1]
    assert (event["action"], event["details"]) == ("organization.set_global_data_access", {"enabled": True})
