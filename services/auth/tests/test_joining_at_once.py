"""Who joins two places at the same moment ends as who joins them one after the other."""

import asyncio
from uuid import UUID

import httpx
import psycopg
import pytest

from accunode_common.auth.roles import Role
from accunode_common.testing.app import ServiceClient
from accunode_common.testing.people import Caller, World

USERS = "/api/v1/users"
OWN = f"{USERS}/me/invitations"


@pytest.fixture
def managing(world: World, superuser: psycopg.Connection) -> UUID:
    """A tenant that manages its people's accounts."""
    superuser.execute(
        "UPDATE tenancy.tenants SET settings = settings || '{\"managed_accounts\": true}' WHERE id = %s",
        [world.one.id],
    )
    return world.one.id


async def invited(auth: ServiceClient, admin: Caller, email: str, role: Role = Role.ORG_MEMBER) -> str:
    reply = await auth.as_(admin).post(USERS, json={"email": email, "role": role})
    assert reply.status_code == 201, reply.text
    return str(reply.json()["id"])


async def at_once(superuser: psycopg.Connection, who: Caller, *requests: asyncio.Task[httpx.Response]) -> list[int]:
    """The statuses of requests that all come before any of them may change the person's account."""
    with superuser.transaction():
        superuser.execute("SELECT 1 FROM identity.users WHERE id = %s FOR NO KEY UPDATE", [who.user_id])
        await asyncio.sleep(0.5)
    return [(await request).status_code for request in requests]


def accept(auth: ServiceClient, who: Caller, invitation_id: str) -> asyncio.Task[httpx.Response]:
    path = f"{OWN}/{invitation_id}/accept"
    return asyncio.create_task(auth.as_(who).post(path, json={"accept_managed": True}))


async def test_who_joins_two_tenants_at_once_is_managed_by_neither(
    auth: ServiceClient, world: World, superuser: psycopg.Connection, managing: UUID
) -> None:
    ids = [await invited(auth, place.org_admin, world.user.email) for place in (world.one, world.two)]
    tasks = [accept(auth, world.user, invitation_id) for invitation_id in ids]
    assert await at_once(superuser, world.user, *tasks) == [200, 200]
    row = superuser.execute(
        "SELECT managed_by_tenant_id FROM identity.users WHERE id = %s", [world.user.user_id]
    ).fetchone()
    assert row == (None,)


async def test_nobody_becomes_a_platform_administrator_and_a_tenants_member_at_once(
    auth: ServiceClient, world: World, superuser: psycopg.Connection
) -> None:
    ids = [
        await invited(auth, world.super_admin, world.user.email, Role.SUPER_ADMIN),
        await invited(auth, world.one.org_admin, world.user.email),
    ]
    tasks = [accept(auth, world.user, invitation_id) for invitation_id in ids]
    statuses = await at_once(superuser, world.user, *tasks)
    assert sorted(statuses)[0] == 200
    assert sorted(statuses)[1] in (403, 409)
    tenants = superuser.execute(
        "SELECT DISTINCT tenant_id FROM identity.memberships WHERE user_id = %s AND role <> 'user'",
        [world.user.user_id],
    ).fetchall()
    assert len(tenants) == 1


async def test_an_account_that_joins_another_tenant_is_not_ended_by_its_former_manager(
    auth: ServiceClient, world: World, superuser: psycopg.Connection, managing: UUID
) -> None:
    who = world.one.org_member
    superuser.execute("UPDATE identity.users SET managed_by_tenant_id = %s WHERE id = %s", [managing, who.user_id])
    with superuser.transaction():
        superuser.execute(
            "UPDATE identity.users SET managed_by_tenant_id = NULL WHERE id = %s",
            [who.user_id],
        )
        removal = asyncio.create_task(auth.as_(world.one.tenant_admin).delete(f"{USERS}/{who.user_id}"))
        await asyncio.sleep(0.5)
    assert (await removal).status_code == 204
    left = superuser.execute(
        "SELECT status, email FROM identity.users WHERE id = %s",
        [who.user_id],
    ).fetchone()
    assert left == ("active", who.email), "the membership ended, and the account is its owner's"
