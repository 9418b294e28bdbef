"""Power that is taken away is gone: for tokens issued before the change, for those issued while it was under way, and
after Redis has lost what it held."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import psycopg
import pytest
from http_app import create_app
from redis.asyncio import Redis

from accunode_common.auth.revocation import MARKER
from accunode_common.auth.revocation_records import hold_power, moment
from accunode_common.db.access import DatabaseRole
from accunode_common.db.session import AccessContext
from accunode_common.ids import new_id
from accunode_common.models.revocations import RevocationKind
from accunode_common.settings import VerifierSettings
from accunode_common.testing.app import ServiceClient, running
from accunode_common.testing.keys import TestIssuer
from accunode_common.testing.people import Caller, World
from accunode_common.testing.plugin import Revoker, SettingsFactory
from accunode_common.testing.problems import assert_problem

ME = "/api/v1/things/me"


@pytest.fixture
async def redis(redis_server: Any) -> AsyncIterator[Redis]:
    async with Redis.from_url(redis_server.url, decode_responses=True) as client:
        yield client


async def until(holds: Callable[[], Awaitable[bool]]) -> None:
    """Wait for a condition, within seconds."""
    for _ in range(1000):
        if await holds():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("it did not become so within ten seconds")


def named(kind: RevocationKind, who: Caller) -> UUID:
    return {
        RevocationKind.SESSION: who.subject.session_id,
        RevocationKind.USER: who.user_id,
        RevocationKind.TENANT: who.tenant_id,
    }[kind]


async def status(things: ServiceClient, token: str) -> int:
    return (await things.http.get(ME, headers={"Authorization": f"Bearer {token}"})).status_code


async def issue(revoker: Revoker, issuer: TestIssuer, who: Caller, begun: asyncio.Event, go_on: asyncio.Event) -> str:
    """A token as the auth service issues it, which pauses while it holds the person's power."""
    async with revoker.database.transaction(AccessContext()) as session:
        await hold_power(session, RevocationKind.USER, [who.user_id])
        await hold_power(session, RevocationKind.TENANT, [who.tenant_id])
        begun.set()
        await go_on.wait()
        return issuer.token(who.subject, issued_at=await moment(session))


@pytest.mark.parametrize("kind", [RevocationKind.USER, RevocationKind.TENANT])
async def test_a_token_issued_while_power_is_taken_away_is_void(
    things: ServiceClient, world: World, issuer: TestIssuer, revoker: Revoker, kind: RevocationKind
) -> None:
    who, begun, go_on = world.one.org_member, asyncio.Event(), asyncio.Event()
    issuing = asyncio.create_task(issue(revoker, issuer, who, begun, go_on))
    await begun.wait()
    ending = asyncio.create_task(revoker.revoke(kind, named(kind, who)))
    go_on.set()
    token = await issuing
    await ending
    assert await status(things, token) == 401


@pytest.mark.parametrize("kind", [RevocationKind.USER, RevocationKind.TENANT])
async def test_a_token_issued_after_power_was_taken_away_is_valid_at_once(
    things: ServiceClient, world: World, issuer: TestIssuer, revoker: Revoker, kind: RevocationKind
) -> None:
    who, go_on = world.one.org_member, asyncio.Event()
    go_on.set()
    for _ in range(24):
        before = await issue(revoker, issuer, who, asyncio.Event(), go_on)
        async with revoker.database.transaction(AccessContext()) as session:
            await revoker.revocations.make_void(session, kind, [named(kind, who)])
            issuing = asyncio.create_task(issue(revoker, issuer, who, asyncio.Event(), go_on))
            # Busy, so that the new token is wanted before the change is committed.
            await moment(session)
            assert not issuing.done()
        after = await issuing
        assert (await status(things, before), await status(things, after)) == (401, 200)


async def test_a_change_that_fails_records_nothing(
    revoker: Revoker, world: World, superuser: psycopg.Connection
) -> None:
    who = world.one.org_member

    async def fail() -> None:
        async with revoker.database.transaction(AccessContext()) as session:
            await revoker.revocations.make_void(session, RevocationKind.USER, [who.user_id])
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail()
    found = superuser.execute("SELECT count(*) FROM identity.revocations WHERE id = %s", [who.user_id]).fetchone()
    assert found == (0,)


@pytest.mark.parametrize("kind", [RevocationKind.SESSION, RevocationKind.USER, RevocationKind.TENANT])
async def test_what_was_ended_stays_so_when_redis_loses_its_data(
    things: ServiceClient, world: World, revoker: Revoker, redis: Redis, kind: RevocationKind
) -> None:
    who = world.one.org_member
    await revoker.revoke(kind, named(kind, who))
    await redis.flushall()
    statuses = {(await things.as_(who).get(ME)).status_code for _ in range(20)}
    assert statuses == {401}
    assert (await things.as_(world.two.org_member).get(ME)).status_code == 200
    await until(lambda: _complete_after_asking(things, who, redis))
    assert await redis.exists(f"accunode:revoked:{kind}:{named(kind, who)}")
    assert_problem(await things.as_(who).get(ME), 401)


async def test_what_is_lost_in_one_tenant_ends_tokens_for_that_tenant_only(
    things: ServiceClient, world: World, issuer: TestIssuer, revoker: Revoker, redis: Redis
) -> None:
    who = world.one.org_member
    elsewhere = issuer.token(replace(who.subject, tenant_id=world.two.id, session_id=new_id()))
    await revoker.revoke_member(who.tenant_id, who.user_id)
    assert (await status(things, who.token), await status(things, elsewhere)) == (401, 200)
    assert await status(things, issuer.token(who.subject)) == 200
    await redis.flushall()
    assert (await status(things, who.token), await status(things, elsewhere)) == (401, 200)


async def test_a_token_for_a_tenant_issued_while_power_there_is_taken_away_is_void(
    things: ServiceClient, world: World, issuer: TestIssuer, revoker: Revoker
) -> None:
    who, begun, go_on = world.one.org_member, asyncio.Event(), asyncio.Event()
    issuing = asyncio.create_task(issue(revoker, issuer, who, begun, go_on))
    await begun.wait()
    ending = asyncio.create_task(revoker.revoke_member(who.tenant_id, who.user_id))
    go_on.set()
    token = await issuing
    await ending
    assert await status(things, token) == 401


async def test_a_redis_of_another_run_is_not_believed_though_it_has_old_data(
    things: ServiceClient, world: World, revoker: Revoker, redis: Redis
) -> None:
    who = world.one.org_member
    await revoker.revoke(RevocationKind.SESSION, who.subject.session_id)
    await redis.delete(f"accunode:revoked:session:{who.subject.session_id}")
    await redis.set(MARKER, "the run before")
    assert_problem(await things.as_(who).get(ME), 401)
    await until(lambda: _complete_after_asking(things, who, redis))
    assert await redis.exists(f"accunode:revoked:session:{who.subject.session_id}")


async def test_requests_and_losses_at_once_never_let_an_ended_session_through(
    things: ServiceClient, world: World, revoker: Revoker, redis: Redis
) -> None:
    who = world.one.org_member
    await revoker.revoke(RevocationKind.USER, who.user_id)

    async def lose() -> None:
        for _ in range(15):
            await redis.flushall()
            await asyncio.sleep(0)

    async def ask() -> set[int]:
        return {(await things.as_(who).get(ME)).status_code for _ in range(15)}

    found = await asyncio.gather(ask(), ask(), ask(), ask(), lose())
    assert set.union(*found[:4]) == {401}
    await until(lambda: _complete_after_asking(things, who, redis))


async def test_a_revocation_under_way_while_redis_is_filled_is_not_forgotten(
    things: ServiceClient, world: World, revoker: Revoker, redis: Redis
) -> None:
    who = world.one.org_member
    await redis.flushall()
    async with revoker.database.transaction(AccessContext()) as session:
        await revoker.revocations.make_void(session, RevocationKind.USER, [who.user_id])
        await redis.flushall()
        restoring = asyncio.create_task(revoker.revocations.restore())
        await moment(session)
        assert not restoring.done()
    await restoring
    assert await redis.exists(f"accunode:revoked:user:{who.user_id}")
    assert_problem(await things.as_(who).get(ME), 401)


async def test_a_service_of_any_role_fills_redis(
    make_settings: SettingsFactory, issuer: TestIssuer, world: World, redis: Redis
) -> None:
    for role in (DatabaseRole.AUTH, DatabaseRole.TENANTS, DatabaseRole.PREDICTIONS, DatabaseRole.BULK):
        async with running(create_app(make_settings(VerifierSettings, role), issuer.source)) as app:
            await redis.flushall()
            assert (await app.as_(world.one.org_member).get(ME)).status_code == 200
            await until(lambda: _complete(redis))


async def test_what_no_token_can_outlive_is_not_brought_back(
    world: World, revoker: Revoker, redis: Redis, superuser: psycopg.Connection
) -> None:
    who = world.one.org_member
    await revoker.revoke(RevocationKind.USER, who.user_id)
    superuser.execute("UPDATE identity.revocations SET expires_at = now() WHERE id = %s", [who.user_id])
    await redis.flushall()
    await revoker.revocations.restore()
    assert not await redis.exists(f"accunode:revoked:user:{who.user_id}")


async def test_the_time_of_a_token_is_compared_to_the_microsecond(
    things: ServiceClient, world: World, issuer: TestIssuer, revoker: Revoker, superuser: psycopg.Connection
) -> None:
    who = world.one.org_member
    await revoker.revoke(RevocationKind.USER, who.user_id)
    row = superuser.execute("SELECT moment FROM identity.revocations WHERE id = %s", [who.user_id]).fetchone()
    assert row is not None
    ended = row[0]
    tokens = {step: issuer.token(who.subject, issued_at=ended + timedelta(microseconds=step)) for step in (-2, 0, 2)}
    assert {step: await status(things, token) for step, token in tokens.items()} == {-2: 401, 0: 401, 2: 200}
    assert ended <= datetime.now(UTC)


async def _complete(redis: Redis) -> bool:
    info = await redis.info("server")
    return bool(await redis.get(MARKER) == str(info["run_id"]))


async def _complete_after_asking(things: ServiceClient, who: Caller, redis: Redis) -> bool:
    await things.as_(who).get(ME)
    return await _complete(redis)
