"""Signing in, and being refused."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from datetime import timedelta
from uuid import UUID

import psycopg
import pytest
from argon2 import PasswordHasher
from pydantic import SecretStr

from accunode_auth.app import create_app
from accunode_auth.discretion import discreetly
from accunode_auth.settings import AuthSettings
from accunode_common.auth.jwks import FixedKeys, parse_key_set
from accunode_common.auth.roles import Role
from accunode_common.auth.tokens import TokenVerifier
from accunode_common.ids import PLATFORM_TENANT_ID, new_id
from accunode_common.testing.app import ServiceClient, running
from accunode_common.testing.keys import TestIssuer
from accunode_common.testing.people import Caller, World, WorldMaker
from accunode_common.testing.problems import assert_problem
from accunode_common.testing.settings import changed

LOGIN = "/api/v1/auth/login"
PASSWORD = "correct horse battery staple"

Person = Callable[..., Caller]
SignIn = Callable[..., Awaitable[object]]


async def attempt(auth: ServiceClient, email: str, password: str = PASSWORD):  # type: ignore[no-untyped-def]
    return await auth.http.post(LOGIN, json={"email": email, "password": password})


async def test_the_right_password_gives_tokens_for_the_persons_membership(
    auth: ServiceClient, person: Person, world: World, superuser: psycopg.Connection
) -> None:
    who = person(Role.ORG_MEMBER, world.one.id, world.one.organization_id)
    reply = await attempt(auth, who.email.upper())
    assert reply.status_code == 200, reply.text
    tokens = reply.json()
    assert tokens["token_type"] == "Bearer"
    assert tokens["expires_in"] == 900
    assert tokens["membership"]["role"] == "org_member"
    assert tokens["membership"]["organization_name"] == "Credit"
    keys = (await auth.http.get("/.well-known/jwks.json")).json()
    verifier = TokenVerifier(FixedKeys(parse_key_set(keys)), issuer="accunode", audience="accunode-api")
    subject = (await verifier.verify(tokens["access_token"])).subject
    assert (subject.user_id, subject.tenant_id, subject.organization_id, subject.role) == (
        who.user_id,
        world.one.id,
        world.one.organization_id,
        Role.ORG_MEMBER,
    )
    trail = superuser.execute(
        "SELECT action, actor_id, host(ip_address) FROM audit.events WHERE tenant_id = %s", [world.one.id]
    ).fetchall()
    assert trail == [("session.begin", who.user_id, "203.0.113.7")]


async def test_only_hashes_of_secrets_are_kept(
    auth: ServiceClient, person: Person, superuser: psycopg.Connection
) -> None:
    who = person()
    tokens = (await attempt(auth, who.email)).json()
    dump = superuser.execute(
        "SELECT string_agg(t::text, ' ') FROM identity.refresh_tokens t WHERE user_id = %s", [who.user_id]
    ).fetchone()
    assert dump is not None
    assert tokens["refresh_token"] not in dump[0]


async def test_wrong_password_unknown_address_and_deactivated_look_alike(
    auth: ServiceClient, person: Person, superuser: psycopg.Connection
) -> None:
    known, deactivated = person(), person()
    superuser.execute("UPDATE identity.users SET status = 'deactivated' WHERE id = %s", [deactivated.user_id])
    replies = [
        await attempt(auth, known.email, "wrong"),
        await attempt(auth, f"nobody-{new_id()}@nowhere.example"),
        await attempt(auth, deactivated.email),
        await attempt(auth, "not an address"),
    ]
    problems = [assert_problem(reply, 401, "unauthenticated") for reply in replies]
    assert len({problem["detail"] for problem in problems}) == 1


async def test_a_failed_sign_in_takes_the_same_time_whether_or_not_the_address_is_known(
    auth_settings: AuthSettings, person: Person
) -> None:
    # Well above the work behind a reply, also on a busy machine.
    floor = timedelta(seconds=0.5)
    async with running(create_app(changed(auth_settings, discreet_reply_time=floor))) as app:

        async def seconds(email: str) -> float:
            began = time.perf_counter()
            await attempt(app, email, "wrong")
            return time.perf_counter() - began

        known = [await seconds(person().email) for _ in range(4)]
        unknown = [await seconds(f"{new_id()}@nowhere.example") for _ in range(4)]
    assert min(known + unknown) >= floor.total_seconds() * 0.99
    # Load can only add to a time, so the shortest ones tell what the service itself takes.
    assert abs(min(known) - min(unknown)) < 0.1


@pytest.mark.parametrize("work", [0.0, 0.03, 0.12, 0.17])
async def test_discretion_ends_at_multiples_of_its_step(work: float) -> None:
    step = timedelta(seconds=0.1)
    began = time.perf_counter()
    async with discreetly(step):
        while time.perf_counter() - began < work:
            pass
    spent = (time.perf_counter() - began) / step.total_seconds()
    assert spent >= 1 + int(work / 0.1) - 0.01


async def test_a_hash_made_with_older_costs_is_replaced(
    auth: ServiceClient, world_maker: WorldMaker, superuser: psycopg.Connection
) -> None:
    old = PasswordHasher(time_cost=2, memory_cost=32, parallelism=1).hash(PASSWORD)
    who = world_maker.caller(Role.USER, PLATFORM_TENANT_ID, password_hash=old)
    assert (await attempt(auth, who.email)).status_code == 200
    kept = superuser.execute("SELECT password_hash FROM identity.users WHERE id = %s", [who.user_id]).fetchone()
    assert kept is not None
    assert "m=64,t=1" in kept[0]
    assert (await attempt(auth, who.email)).status_code == 200


async def test_a_suspended_tenant_lets_nobody_in(
    auth: ServiceClient, person: Person, world: World, superuser: psycopg.Connection
) -> None:
    who = person(Role.ORG_MEMBER, world.one.id, world.one.organization_id)
    superuser.execute("UPDATE tenancy.tenants SET status = 'suspended' WHERE id = %s", [world.one.id])
    assert_problem(await attempt(auth, who.email), 401)


async def test_the_next_sign_in_is_where_the_person_last_worked(
    auth: ServiceClient, person: Person, world: World, superuser: psycopg.Connection
) -> None:
    who = person(Role.ORG_MEMBER, world.one.id, world.one.organization_id)
    other = new_id()
    superuser.execute(
        "INSERT INTO identity.memberships (tenant_id, id, user_id, role) VALUES (%s, %s, %s, 'tenant_admin')",
        [world.two.id, other, who.user_id],
    )
    first = (await attempt(auth, who.email)).json()
    assert first["membership"]["role"] == "tenant_admin"
    switched = await auth.http.post(
        "/api/v1/auth/switch",
        json={"membership_id": str(who.membership_id)},
        headers={"Authorization": f"Bearer {first['access_token']}"},
    )
    assert switched.json()["membership"]["role"] == "org_member"
    again = (await attempt(auth, who.email)).json()
    assert UUID(again["membership"]["membership_id"]) == who.membership_id


async def test_many_sign_ins_at_once_all_succeed(auth: ServiceClient, person: Person) -> None:
    people = [person() for _ in range(20)]
    replies = await asyncio.gather(*(attempt(auth, who.email) for who in people))
    assert {reply.status_code for reply in replies} == {200}


@pytest.mark.parametrize("body", [{}, {"email": "a@b.co"}, {"email": "a@b.co", "password": "x", "role": "super_admin"}])
async def test_input_that_is_not_a_sign_in_is_refused(auth: ServiceClient, body: dict[str, str]) -> None:
    assert_problem(await auth.http.post(LOGIN, json=body), 422, "invalid_input")


async def test_without_redis_nobody_signs_in_and_profiles_stay_readable(
    auth_settings: AuthSettings, world: World, issuer: TestIssuer, person: Person
) -> None:
    down = changed(auth_settings, redis_url=SecretStr("redis://:x@127.0.0.1:1/0"))
    async with running(create_app(down, issuer.source)) as app:
        assert_problem(await attempt(app, person().email), 503, "service_unavailable")
        me = app.as_(world.one.org_member)
        assert (await me.get("/api/v1/users/me")).status_code == 200
        assert_problem(await me.post("/api/v1/auth/logout"), 503)
        assert_problem(await app.as_(world.one.org_admin).get("/api/v1/users"), 503)
