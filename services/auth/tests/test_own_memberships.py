"""What people see of their own memberships, wherever they work now, and by how many statements."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import psycopg
import pytest
from sqlalchemy import event

from accunode_common.ids import new_id
from accunode_common.testing.app import ServiceClient
from accunode_common.testing.people import Caller, World
from accunode_common.testing.problems import assert_problem

ME = "/api/v1/users/me"
USERS = "/api/v1/users"


@asynccontextmanager
async def statements(auth: ServiceClient) -> AsyncIterator[list[str]]:
    """The statements that the service sends meanwhile; those that fill a fresh Redis have gone before."""
    sent: list[str] = []
    resources = auth.app.state.resources
    await resources.revocations.restore()
    engine = resources.database.engine.sync_engine

    def note(_connection: Any, _cursor: Any, statement: str, *_: object) -> None:
        sent.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    try:
        yield sent
    finally:
        event.remove(engine, "before_cursor_execute", note)


def join(superuser: psycopg.Connection, caller: Caller, tenant_id: Any, organization_id: Any, role: str) -> None:
    superuser.execute(
        "insert into identity.memberships (tenant_id, id, user_id, organization_id, role) values (%s, %s, %s, %s, %s)",
        [tenant_id, new_id(), caller.user_id, organization_id, role],
    )


@pytest.fixture
def threefold(world: World, superuser: psycopg.Connection) -> Caller:
    """An admin of an organization, who is a member of another one of the tenant, and of another tenant."""
    caller = world.one.org_admin
    join(superuser, caller, world.one.id, world.one.outsider.subject.organization_id, "org_member")
    join(superuser, caller, world.two.id, world.two.organization_id, "org_member")
    return caller


async def test_a_profile_with_memberships_of_several_tenants_is_one_statement_beside_its_context(
    auth: ServiceClient, world: World, threefold: Caller
) -> None:
    async with statements(auth) as sent:
        reply = await auth.as_(threefold).get(ME)
    assert len(sent) == 2, sent
    held = reply.json()["memberships"]
    assert {(one["tenant_id"], one["organization_id"]) for one in held} == {
        (str(world.one.id), str(world.one.organization_id)),
        (str(world.one.id), str(world.one.outsider.subject.organization_id)),
        (str(world.two.id), str(world.two.organization_id)),
    }
    assert {one["organization_name"] for one in held} == {"Credit", "Treasury"}
    assert all(one["tenant_name"].startswith("Bank ") for one in held)


async def test_second_factors_at_a_glance_take_one_statement_for_all_memberships(
    auth: ServiceClient, threefold: Caller
) -> None:
    async with statements(auth) as sent:
        await auth.as_(threefold).get("/api/v1/auth/mfa")
    assert len([statement for statement in sent if "tenancy.tenants" in statement]) == 1
    assert len([statement for statement in sent if "set_config" in statement]) == 1


@pytest.mark.parametrize(
    "change",
    [
        "update identity.memberships set status = 'suspended' where user_id = %s and tenant_id = %s",
        "update tenancy.tenants set status = 'suspended' where %s::uuid is not null and id = %s",
    ],
)
async def test_what_cannot_be_worked_in_is_not_told(
    auth: ServiceClient, world: World, threefold: Caller, superuser: psycopg.Connection, change: str
) -> None:
    superuser.execute(change.encode(), [threefold.user_id, world.two.id])
    held = (await auth.as_(threefold).get(ME)).json()["memberships"]
    assert {one["tenant_id"] for one in held} == {str(world.one.id)}


async def test_somebody_who_can_work_nowhere_has_a_profile_without_memberships(
    auth: ServiceClient, world: World, superuser: psycopg.Connection
) -> None:
    caller = world.one.org_member
    superuser.execute("update identity.memberships set status = 'suspended' where user_id = %s", [caller.user_id])
    profile = (await auth.as_(caller).get(ME)).json()
    assert (profile["id"], profile["memberships"]) == (str(caller.user_id), [])


async def test_belonging_to_an_organization_gives_no_power_there(
    auth: ServiceClient, world: World, threefold: Caller
) -> None:
    admin = auth.as_(threefold)
    for organization_id in (world.one.outsider.subject.organization_id, world.two.organization_id):
        body = {"email": "new@somewhere.example", "role": "org_member", "organization_id": str(organization_id)}
        assert_problem(await admin.post(USERS, json=body), 404)
        move = {"role": "org_member", "organization_id": str(organization_id)}
        assert_problem(await admin.put(f"{USERS}/{world.one.other_member.user_id}/role", json=move), 404)
    for stranger in (world.one.outsider, world.two.org_member):
        assert_problem(await admin.get(f"{USERS}/{stranger.user_id}"), 404)
