"""Who is let in: permissions, revocation, rate limits, and what happens without Redis."""

import asyncio
import itertools
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from http_app import create_app
from redis.asyncio import Redis

from accunode_common.auth.roles import GRANTS, Permission, Role, may_assign
from accunode_common.db.access import DatabaseRole
from accunode_common.http.app import api_router, create_service_app
from accunode_common.http.callers import requires
from accunode_common.http.session import SubjectSession
from accunode_common.models.revocations import RevocationKind
from accunode_common.ratelimit import RateLimit, RateLimiter
from accunode_common.redis_clients import async_client
from accunode_common.settings import RedisSettings, VerifierSettings
from accunode_common.testing.app import ServiceClient, running
from accunode_common.testing.keys import TestIssuer
from accunode_common.testing.people import Caller, World
from accunode_common.testing.plugin import Revoker, SettingsFactory
from accunode_common.testing.problems import assert_problem

ME = "/api/v1/things/me"
ADMINISTRATION = "/api/v1/things/administration"


@pytest.fixture(scope="module")
async def redis(make_settings: SettingsFactory) -> AsyncIterator[Redis]:
    client = async_client(make_settings(RedisSettings, DatabaseRole.TENANTS))
    yield client
    await client.aclose()


@pytest.fixture(scope="module")
async def without_redis(make_settings: SettingsFactory, issuer: TestIssuer) -> AsyncIterator[ServiceClient]:
    settings = make_settings(VerifierSettings, DatabaseRole.TENANTS, redis_url="redis://:x@127.0.0.1:1/0")
    async with running(create_app(settings, issuer.source)) as client:
        yield client


async def test_a_request_without_a_token_is_asked_to_sign_in(things: ServiceClient) -> None:
    reply = await things.http.get(ME)
    assert_problem(reply, 401, "unauthenticated")
    assert reply.headers["www-authenticate"] == "Bearer"
    assert_problem(await things.http.get(ME, headers={"Authorization": "Basic YTpi"}), 401)


async def test_the_permission_table_decides(things: ServiceClient, caller: Caller) -> None:
    reply = await things.as_(caller).get(ADMINISTRATION)
    if Permission.ORGANIZATION_CREATE in GRANTS[caller.subject.role].permissions:
        assert reply.json() == {"user_id": str(caller.user_id), "role": caller.subject.role}
    else:
        assert_problem(reply, 403, "forbidden")


def test_each_role_may_do_all_that_the_one_below_may() -> None:
    ranked = sorted(Role, key=lambda role: GRANTS[role].rank)
    assert ranked == [Role.USER, Role.ORG_MEMBER, Role.ORG_ADMIN, Role.TENANT_ADMIN, Role.SUPER_ADMIN]
    for lower, higher in itertools.pairwise(ranked):
        assert GRANTS[lower].permissions < GRANTS[higher].permissions
        assert may_assign(higher, lower)
        assert not may_assign(lower, higher)


def test_every_permission_is_named_resource_action_and_given_to_somebody() -> None:
    for permission in Permission:
        resource, _, action = permission.partition(":")
        assert resource.replace("_", "").isalpha()
        assert action.isalpha()
        assert permission in GRANTS[Role.SUPER_ADMIN].permissions


async def test_a_revoked_session_ends_at_once(things: ServiceClient, world: World, revoker: Revoker) -> None:
    client = things.as_(world.one.org_member)
    assert (await client.get(ME)).status_code == 200
    await revoker.revoke(RevocationKind.SESSION, world.one.org_member.subject.session_id)
    assert_problem(await client.get(ME), 401, "unauthenticated")
    assert (await things.as_(world.one.other_member).get(ME)).status_code == 200


async def test_a_user_is_revoked_up_to_a_moment(
    things: ServiceClient, world: World, revoker: Revoker, issuer: TestIssuer
) -> None:
    member = world.one.org_member
    await revoker.revoke(RevocationKind.USER, member.user_id)
    assert_problem(await things.as_(member).get(ME), 401)
    later = issuer.token(member.subject, issued_at=datetime.now(UTC) + timedelta(milliseconds=5))
    reply = await things.http.get(ME, headers={"Authorization": f"Bearer {later}"})
    assert reply.status_code == 200


async def test_a_revoked_tenant_shuts_out_everyone_in_it(things: ServiceClient, world: World, revoker: Revoker) -> None:
    await revoker.revoke(RevocationKind.TENANT, world.one.id)
    assert_problem(await things.as_(world.one.tenant_admin).get(ME), 401)
    assert_problem(await things.as_(world.one.org_member).get(ME), 401)
    assert (await things.as_(world.two.org_member).get(ME)).status_code == 200


async def test_without_redis_reads_stay_up_and_writes_and_administration_fail_closed(
    without_redis: ServiceClient, world: World
) -> None:
    admin = without_redis.as_(world.one.tenant_admin)
    assert (await admin.get(ME)).status_code == 200
    assert (await admin.get("/api/v1/things")).status_code == 200
    refused = await admin.post("/api/v1/things", json={"name": "A"})
    assert_problem(refused, 503, "service_unavailable")
    assert int(refused.headers["retry-after"]) > 0
    assert_problem(await admin.get(ADMINISTRATION), 503)


async def test_without_redis_a_session_that_was_ended_stays_ended(
    without_redis: ServiceClient, world: World, revoker: Revoker
) -> None:
    member = world.one.org_member
    await revoker.revoke(RevocationKind.SESSION, member.subject.session_id)
    assert_problem(await without_redis.as_(member).get(ME), 401, "unauthenticated")
    assert (await without_redis.as_(world.one.other_member).get(ME)).status_code == 200


async def test_limited_routes_say_what_is_left_and_when_to_come_back(
    make_settings: SettingsFactory, issuer: TestIssuer, world: World
) -> None:
    settings = make_settings(VerifierSettings, DatabaseRole.TENANTS, rate_limit_requests=3, rate_limit_seconds=60)
    async with running(create_app(settings, issuer.source)) as app:
        client = app.as_(world.one.org_member)
        replies = [await client.get(ME) for _ in range(4)]
        assert [reply.status_code for reply in replies] == [200, 200, 200, 429]
        assert replies[0].headers["ratelimit-policy"] == '"caller";q=3;w=60'
        assert replies[0].headers["ratelimit"].startswith('"caller";r=2;t=')
        assert_problem(replies[3], 429, "rate_limited")
        assert 1 <= int(replies[3].headers["retry-after"]) <= 20
        assert replies[3].headers["ratelimit"].startswith('"caller";r=0;t=')
        assert (await app.as_(world.one.other_member).get(ME)).status_code == 200


async def test_a_limit_refills_evenly(redis: Redis, world: World) -> None:
    limiter = RateLimiter(redis)
    limit = RateLimit("test", 5, 3600)
    caller = str(world.one.id)
    taken = [await limiter.take(limit, caller=caller) for _ in range(6)]
    assert [verdict.allowed for verdict in taken] == [True] * 5 + [False]
    assert [verdict.remaining for verdict in taken[:5]] == [4, 3, 2, 1, 0]
    assert 0 < taken[5].retry_after_ms <= limit.interval_ms
    await _as_if_earlier(redis, limit, caller, milliseconds=limit.interval_ms)
    assert (await limiter.take(limit, caller=caller)).allowed
    assert not (await limiter.take(limit, caller=caller)).allowed


async def _as_if_earlier(redis: Redis, limit: RateLimit, caller: str, *, milliseconds: float) -> None:
    """Move what the caller has taken into the past."""
    key = limit.key(caller=caller)
    await redis.set(key, float(await redis.get(key)) - milliseconds, keepttl=True)


async def test_many_at_once_never_exceed_the_limit(redis: Redis, world: World) -> None:
    limiter = RateLimiter(redis)
    verdicts = await asyncio.gather(
        *(limiter.take(RateLimit("burst", 10, 3600), caller=str(world.two.id)) for _ in range(50))
    )
    assert sum(verdict.allowed for verdict in verdicts) == 10


async def test_looking_at_a_limit_takes_nothing(redis: Redis, world: World) -> None:
    limiter = RateLimiter(redis)
    limit = RateLimit("looked-at", 1, 3600)
    caller = str(world.one.id)
    assert (await limiter.look(limit, caller=caller)).allowed
    assert (await limiter.look(limit, caller=caller)).remaining == 1
    assert (await limiter.take(limit, caller=caller)).allowed
    assert not (await limiter.look(limit, caller=caller)).allowed


async def test_an_api_key_is_nobody_who_signed_in(things: ServiceClient, world: World, issuer: TestIssuer) -> None:
    subject = replace(world.super_admin.subject, scope=frozenset(Permission))
    key = replace(world.super_admin, subject=subject, token=issuer.token(subject))
    assert_problem(await things.as_(key).get(ME), 403, "forbidden")
    assert_problem(await things.as_(key).get(ADMINISTRATION), 403, "forbidden")


def test_asking_for_no_permission_is_a_fault_of_the_route() -> None:
    with pytest.raises(ValueError, match="CurrentSubject"):
        requires()


def test_a_route_that_does_not_say_who_may_call_it_does_not_start(
    make_settings: SettingsFactory, issuer: TestIssuer
) -> None:
    router = api_router("/things", tag="things")

    @router.get("/anybodys")
    async def read_anybodys(_session: SubjectSession) -> None: ...

    settings = make_settings(VerifierSettings, DatabaseRole.TENANTS)
    with pytest.raises(ValueError, match="names neither"):
        create_service_app("things", settings, [router], description="", key_source=issuer.source)
