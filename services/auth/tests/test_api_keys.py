"""API keys: for machines, narrower than their maker."""

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import jwt
import psycopg
import pytest

from accunode_common.auth.roles import GRANTS, Permission, Role
from accunode_common.ids import PLATFORM_TENANT_ID
from accunode_common.testing.app import ServiceClient
from accunode_common.testing.people import Caller, World
from accunode_common.testing.problems import assert_problem

KEYS = "/api/v1/auth/api-keys"
ME = "/api/v1/users/me"


async def make(auth: ServiceClient, caller: Caller, *scopes: str, **changes: Any) -> dict[str, Any]:
    body = {"name": "nightly upload", "scopes": scopes or ("company:read",), **changes}
    reply = await auth.as_(caller).post(KEYS, json=body)
    assert reply.status_code == 201, reply.text
    made: dict[str, Any] = reply.json()
    return made


async def exchange(auth: ServiceClient, secret: str) -> httpx.Response:
    return await auth.http.post(f"{KEYS}/token", json={"api_key": secret})


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


async def test_a_key_is_exchanged_for_a_token_with_its_scopes_only(auth: ServiceClient, world: World) -> None:
    made = await make(auth, world.one.org_member, "company:read", "bulk_upload:write")
    assert made["api_key"]["organization_id"] == str(world.one.organization_id)
    token = (await exchange(auth, made["secret"])).json()
    assert token["scopes"] == ["bulk_upload:write", "company:read"]
    claims = jwt.decode(token["access_token"], options={"verify_signature": False})
    assert claims["scope"] == "bulk_upload:write company:read"
    assert_problem(await auth.http.get(ME, headers=bearer(token["access_token"])), 403)
    assert_problem(await auth.http.get(KEYS, headers=bearer(token["access_token"])), 403)


@pytest.mark.parametrize(
    "scope", ["tenant:delete", "api_key:manage", "profile:manage", "organization:join", "organization:read"]
)
async def test_nobody_gives_a_key_what_they_do_not_have_or_no_key_may_have(
    auth: ServiceClient, world: World, scope: str
) -> None:
    body = {"name": "greedy", "scopes": ["company:read", scope]}
    assert_problem(await auth.as_(world.one.org_member).post(KEYS, json=body), 403)


async def test_a_key_never_outgrows_its_owners_role(
    auth: ServiceClient, world: World, superuser: psycopg.Connection
) -> None:
    made = await make(auth, world.one.org_admin, "portfolio:rescore", "company:read")
    superuser.execute(
        "UPDATE identity.memberships SET role = 'org_member' WHERE id = %s", [world.one.org_admin.membership_id]
    )
    token = (await exchange(auth, made["secret"])).json()
    assert Permission.PORTFOLIO_RESCORE not in GRANTS[Role.ORG_MEMBER].permissions
    assert token["scopes"] == ["company:read"]


async def test_a_revoked_key_and_its_tokens_are_void_at_once(auth: ServiceClient, world: World) -> None:
    made = await make(auth, world.one.org_member)
    token = (await exchange(auth, made["secret"])).json()["access_token"]
    path = f"{KEYS}/{made['api_key']['id']}"
    assert_problem(await auth.as_(world.one.other_member).delete(path), 404)
    assert (await auth.as_(world.one.org_member).delete(path)).status_code == 204
    assert_problem(await auth.http.get(ME, headers=bearer(token)), 401, "unauthenticated")
    assert_problem(await exchange(auth, made["secret"]), 401)
    assert_problem(await auth.as_(world.one.org_member).delete(path), 404)


async def test_people_list_their_own_keys_without_secrets(
    auth: ServiceClient, world: World, superuser: psycopg.Connection
) -> None:
    made = await make(auth, world.one.org_member)
    await make(auth, world.one.other_member)
    reply = await auth.as_(world.one.org_member).get(KEYS)
    assert [item["id"] for item in reply.json()["items"]] == [made["api_key"]["id"]]
    assert made["secret"] not in reply.text
    dump = superuser.execute("SELECT string_agg(k::text, ' ') FROM identity.api_keys k").fetchone()
    assert dump is not None
    assert made["secret"] not in dump[0]


async def test_the_owner_must_still_be_there(auth: ServiceClient, world: World, superuser: psycopg.Connection) -> None:
    gone = await make(auth, world.one.org_member)
    barred = await make(auth, world.one.other_member)
    closed = await make(auth, world.two.org_member)
    superuser.execute("DELETE FROM identity.memberships WHERE id = %s", [world.one.org_member.membership_id])
    superuser.execute(
        "UPDATE identity.users SET status = 'deactivated' WHERE id = %s", [world.one.other_member.user_id]
    )
    superuser.execute("UPDATE tenancy.tenants SET status = 'suspended' WHERE id = %s", [world.two.id])
    for made in (gone, barred, closed):
        assert_problem(await exchange(auth, made["secret"]), 401)


async def test_an_expired_key_is_refused(auth: ServiceClient, world: World, superuser: psycopg.Connection) -> None:
    made = await make(auth, world.one.org_member, expires_in_days=1)
    expires = datetime.fromisoformat(made["api_key"]["expires_at"])
    assert timedelta(hours=23) < expires - datetime.now(UTC) < timedelta(hours=25)
    superuser.execute("UPDATE identity.api_keys SET expires_at = now() WHERE id = %s", [made["api_key"]["id"]])
    assert_problem(await exchange(auth, made["secret"]), 401)
    body = {"name": "forever", "scopes": ["company:read"], "expires_in_days": 366}
    assert_problem(await auth.as_(world.one.org_member).post(KEYS, json=body), 422, pointer="/body/expires_in_days")


@pytest.mark.parametrize("secret", ["ak_" + "A" * 107, "rt_" + "A" * 107, "x" * 30, "ak_" + str(PLATFORM_TENANT_ID)])
async def test_a_made_up_key_is_refused(auth: ServiceClient, secret: str) -> None:
    assert_problem(await exchange(auth, secret), 401)


async def test_there_is_an_end_to_how_many_keys_one_person_has(auth: ServiceClient, world: World) -> None:
    for _ in range(20):
        await make(auth, world.one.org_member)
    body = {"name": "one more", "scopes": ["company:read"]}
    assert_problem(await auth.as_(world.one.org_member).post(KEYS, json=body), 409)
