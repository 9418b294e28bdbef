import base64
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

import psycopg

from accunode_common.auth.credentials import Credential
from accunode_common.ids import new_id
from accunode_common.testing.app import ServiceClient
from accunode_common.testing.people import Caller, World
from accunode_common.testing.problems import assert_problem
from accunode_tenants.joining.service import PREFIX

JOIN = "/api/v1/organizations/join"
JoinToken = Callable[..., Awaitable[str]]


async def join(tenants: ServiceClient, caller: Caller, token: str, **options: Any) -> Any:
    return await tenants.as_(caller).post(JOIN, json={"token": token}, **options)


async def test_a_whitelisted_person_joins_with_the_token(
    tenants: ServiceClient,
    world: World,
    join_token: JoinToken,
    superuser: psycopg.Connection,
    trail_of: Callable[[UUID], list[Any]],
) -> None:
    token = await join_token(world.user)

    reply = await join(tenants, world.user, token)

    assert reply.status_code == 201, reply.text
    joined = reply.json()
    assert (joined["organization_id"], joined["role"]) == (str(world.one.organization_id), "org_member")
    assert joined["organization_name"] == "Credit"
    row = superuser.execute(
        "select tenant_id, organization_id, role from identity.memberships where id = %s and user_id = %s",
        [joined["membership_id"], world.user.user_id],
    ).fetchone()
    assert row == (world.one.id, world.one.organization_id, "org_member")
    event = trail_of(world.one.id)[-1]
    assert (event["action"], event["actor_id"]) == ("organization.join", world.user.user_id)
    assert_problem(await join(tenants, world.user, token), 409, "already_exists")


async def test_a_repeated_join_gets_the_first_reply(
    tenants: ServiceClient, world: World, join_token: JoinToken
) -> None:
    token, headers = await join_token(world.user), {"Idempotency-Key": f"join-{new_id()}"}
    first = await join(tenants, world.user, token, headers=headers)
    again = await join(tenants, world.user, token, headers=headers)
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json() == again.json()


async def test_somebody_of_another_tenant_joins_as_well(
    tenants: ServiceClient, world: World, join_token: JoinToken
) -> None:
    token = await join_token(world.two.org_member)
    assert (await join(tenants, world.two.org_member, token)).status_code == 201


async def test_every_refusal_reads_the_same(
    tenants: ServiceClient, world: World, join_token: JoinToken, superuser: psycopg.Connection
) -> None:
    old = await join_token(world.user)
    token = await join_token()
    real = Credential.parse(PREFIX, token, ids=2)
    assert real is not None
    wrong_place = Credential(PREFIX, (world.two.id, world.two.organization_id), real.secret).text
    nowhere = Credential.new(PREFIX, new_id(), new_id()).text
    crossed = Credential(PREFIX, (world.two.id, world.one.organization_id), real.secret).text
    attempts = [
        (world.user, old),
        (world.user, wrong_place),
        (world.user, nowhere),
        (world.user, crossed),
        (world.user, token[:-4] + "AAAA"),
        (world.user, "nonsense"),
        (world.user, token.removeprefix(PREFIX)),
        (world.other_user, token),
    ]
    told = set()
    for caller, text in attempts:
        problem = assert_problem(await join(tenants, caller, text), 403, "join_refused")
        told.add((problem["title"], problem["detail"]))
    assert len(told) == 1

    await tenants.as_(world.one.org_admin).delete(f"/api/v1/organizations/{world.one.organization_id}/join-token")
    assert_problem(await join(tenants, world.user, token), 403, "join_refused")


async def test_a_tenant_that_is_not_in_use_is_not_joined(
    tenants: ServiceClient, world: World, join_token: JoinToken
) -> None:
    token = await join_token(world.user)
    await tenants.as_(world.super_admin).patch(f"/api/v1/tenants/{world.one.id}", json={"status": "suspended"})
    assert_problem(await join(tenants, world.user, token), 403, "join_refused")


async def test_a_deleted_organization_is_not_joined(
    tenants: ServiceClient, world: World, join_token: JoinToken
) -> None:
    token = await join_token(world.user)
    await tenants.as_(world.one.tenant_admin).delete(f"/api/v1/organizations/{world.one.organization_id}")
    assert_problem(await join(tenants, world.user, token), 403, "join_refused")


async def test_an_address_that_is_not_verified_does_not_join(
    tenants: ServiceClient, world: World, join_token: JoinToken, superuser: psycopg.Connection
) -> None:
    token = await join_token(world.user)
    superuser.execute("update identity.users set email_verified_at = null where id = %s", [world.user.user_id])
    assert_problem(await join(tenants, world.user, token), 403, "email_not_verified")


async def test_a_full_organization_is_not_joined(tenants: ServiceClient, world: World, join_token: JoinToken) -> None:
    token = await join_token(world.user)
    path = f"/api/v1/organizations/{world.one.organization_id}"
    assert (await tenants.as_(world.one.tenant_admin).patch(path, json={"max_users": 3})).status_code == 200
    assert_problem(await join(tenants, world.user, token), 409, "no_seats")


async def test_a_token_is_url_safe_shown_once_and_kept_as_a_hash(
    tenants: ServiceClient, world: World, join_token: JoinToken, superuser: psycopg.Connection
) -> None:
    token = await join_token()
    assert token.startswith("anjoin_")
    raw = base64.urlsafe_b64decode(token.removeprefix("anjoin_") + "==")
    row = superuser.execute(
        "select join_token_hash from tenancy.organizations where id = %s", [world.one.organization_id]
    ).fetchone()
    assert row is not None
    assert len(row[0]) == 32
    assert raw[32:] not in row[0]
    shown = await tenants.as_(world.one.org_admin).get(f"/api/v1/organizations/{world.one.organization_id}")
    assert token not in shown.text
    assert shown.json()["join_token_created_at"] is not None


async def test_join_tokens_are_the_admins(tenants: ServiceClient, world: World, caller: Caller) -> None:
    path = f"/api/v1/organizations/{world.one.organization_id}/join-token"
    allowed = caller.subject.role.value in ("super_admin", "tenant_admin", "org_admin")
    assert (await tenants.as_(caller).post(path)).status_code == (201 if allowed else 403)
    assert (await tenants.as_(caller).delete(path)).status_code == (204 if allowed else 403)
    other = f"/api/v1/organizations/{world.two.organization_id}/join-token"
    expected = {"super_admin": 201, "tenant_admin": 404, "org_admin": 404}.get(caller.subject.role.value, 403)
    assert (await tenants.as_(caller).post(other)).status_code == expected
