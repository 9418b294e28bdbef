"""No token with power that was taken away outlives the change, however the two meet.

Each race is run in both orders with the window held open: a lock on the audit trail, which both sides write last, keeps
both waiting before either commits. `make test-whole` runs each many times.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

import httpx
import jwt
import psycopg
import pytest
from argon2 import PasswordHasher

from accunode_auth.admin import generate_key
from accunode_auth.app import create_app as create_auth
from accunode_auth.keys.keyring import KeyRing
from accunode_auth.settings import AuthSettings
from accunode_common.auth.jwks import FixedKeys, parse_key_set
from accunode_common.auth.roles import Role
from accunode_common.db.access import DatabaseRole
from accunode_common.testing.app import CallerClient, ServiceClient, running
from accunode_common.testing.database import TestDatabase
from accunode_common.testing.keys import TestIssuer
from accunode_common.testing.people import Caller, World, WorldMaker
from accunode_common.testing.plugin import SettingsFactory
from accunode_tenants.app import create_app as create_tenants
from accunode_tenants.settings import TenantsSettings

PASSWORD = "correct horse battery staple"
RUNS = [4, pytest.param(24, marks=pytest.mark.whole)]
ME = "/api/v1/users/me"
WAITING = "SELECT count(*) FROM pg_locks WHERE NOT granted"


@dataclass(frozen=True)
class House:
    """The two services, which believe one another's tokens."""

    auth: ServiceClient
    tenants: ServiceClient


@dataclass(frozen=True)
class Victim:
    """Somebody who can get tokens in every way."""

    who: Caller
    refresh_token: str
    api_key: str


@pytest.fixture(scope="module")
async def house(
    make_settings: SettingsFactory, issuer: TestIssuer, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[House]:
    folder = tmp_path_factory.mktemp("house")
    generate_key(folder / "key.pem")
    costs = {"password_memory_kib": 64, "password_passes": 1}
    settings = make_settings(
        AuthSettings,
        DatabaseRole.AUTH,
        jwks_url=None,
        signing_key_file=folder / "key.pem",
        mfa_key="a key for tests that nobody else has",
        public_limit_scale=1000,
        database_pool_size=10,
        **costs,
    )
    own = parse_key_set(KeyRing(settings).document())
    keys = FixedKeys({issuer.key_id: issuer.key.public_key(), **own})
    async with AsyncExitStack() as stack:
        auth = await stack.enter_async_context(running(create_auth(settings, keys)))
        of_tenants = make_settings(TenantsSettings, DatabaseRole.TENANTS, **costs)
        yield House(auth, await stack.enter_async_context(running(create_tenants(of_tenants, keys))))


async def _change_role(house: House, world: World, victim: Victim) -> httpx.Response:
    admin = house.auth.as_(world.one.tenant_admin)
    return await admin.put(f"/api/v1/users/{victim.who.user_id}/role", json={"role": "org_member"})


async def _deactivate(house: House, world: World, victim: Victim) -> httpx.Response:
    return await house.auth.as_(world.super_admin).post(f"/api/v1/users/{victim.who.user_id}/deactivate")


async def _remove(house: House, world: World, victim: Victim) -> httpx.Response:
    return await house.auth.as_(world.one.tenant_admin).delete(f"/api/v1/users/{victim.who.user_id}")


async def _remove_member(house: House, world: World, victim: Victim) -> httpx.Response:
    path = f"/api/v1/organizations/{world.one.organization_id}/members/{victim.who.user_id}"
    return await house.tenants.as_(world.one.tenant_admin).delete(path)


async def _delete_organization(house: House, world: World, _victim: Victim) -> httpx.Response:
    path = f"/api/v1/organizations/{world.one.organization_id}"
    return await _conditionally(house.tenants.as_(world.one.tenant_admin), "DELETE", path)


async def _suspend_tenant(house: House, world: World, _victim: Victim) -> httpx.Response:
    path = f"/api/v1/tenants/{world.one.id}"
    return await _conditionally(house.tenants.as_(world.super_admin), "PATCH", path, json={"status": "suspended"})


async def _delete_tenant(house: House, world: World, _victim: Victim) -> httpx.Response:
    return await _conditionally(house.tenants.as_(world.super_admin), "DELETE", f"/api/v1/tenants/{world.one.id}")


async def _conditionally(client: CallerClient, method: str, path: str, **options: Any) -> httpx.Response:
    tag = (await client.get(path)).headers["etag"]
    return await client.request(method, path, headers={"If-Match": tag}, **options)


CHANGES = [
    _change_role,
    _deactivate,
    _remove,
    _remove_member,
    _delete_organization,
    _suspend_tenant,
    _delete_tenant,
]


async def _refresh(house: House, victim: Victim) -> httpx.Response:
    return await house.auth.http.post("/api/v1/auth/refresh", json={"refresh_token": victim.refresh_token})


async def _exchange(house: House, victim: Victim) -> httpx.Response:
    return await house.auth.http.post("/api/v1/auth/api-keys/token", json={"api_key": victim.api_key})


async def _sign_in(house: House, victim: Victim) -> httpx.Response:
    body = {"email": victim.who.email, "password": PASSWORD}
    return await house.auth.http.post("/api/v1/auth/login", json=body)


ISSUERS = [_refresh, _exchange, _sign_in]


@contextmanager
def trail_locked(database: TestDatabase) -> Iterator[None]:
    """Keep every transaction that writes an audit event from committing."""
    with psycopg.connect(database.admin_url) as connection:
        connection.execute("LOCK TABLE audit.events IN SHARE MODE")
        yield


@pytest.mark.parametrize("runs", RUNS)
@pytest.mark.parametrize("issue", ISSUERS, ids=[f.__name__.strip("_") for f in ISSUERS])
@pytest.mark.parametrize("change", CHANGES, ids=[f.__name__.strip("_") for f in CHANGES])
async def test_no_token_with_the_old_power_outlives_the_change(
    house: House,
    world_maker: WorldMaker,
    superuser: psycopg.Connection,
    test_database: TestDatabase,
    change: Callable[[House, World, Victim], Awaitable[httpx.Response]],
    issue: Callable[[House, Victim], Awaitable[httpx.Response]],
    runs: int,
) -> None:
    survivors, issued, refused = [], 0, 0
    for run in range(runs):
        world = world_maker.world()
        victim = await _victim(house, world_maker, world)
        taking, giving = partial(change, house, world, victim), partial(issue, house, victim)
        first, second = (taking, giving) if run % 2 else (giving, taking)
        with trail_locked(test_database):
            tasks = [asyncio.ensure_future(first())]
            await _all_wait(superuser, tasks)
            tasks.append(asyncio.ensure_future(second()))
            await _all_wait(superuser, tasks)
        await asyncio.gather(*tasks)
        done = dict(zip((first, second), (task.result() for task in tasks), strict=True))
        taken, given = done[taking], done[giving]
        assert taken.status_code in (200, 204), taken.text
        if given.status_code == 401:
            refused += 1
            continue
        assert given.status_code == 200, given.text
        issued += 1
        if await _power(house, given) is Role.ORG_ADMIN:
            survivors.append(run)
        if change is _change_role:
            await _works_with_the_new_power(house, victim)
    assert survivors == [], f"{len(survivors)} of {runs}"
    assert issued + refused == runs


async def _victim(house: House, world_maker: WorldMaker, world: World) -> Victim:
    kept = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1).hash(PASSWORD)
    who = world_maker.caller(Role.ORG_ADMIN, world.one.id, world.one.organization_id, password_hash=kept)
    tokens = (await house.auth.http.post("/api/v1/auth/login", json={"email": who.email, "password": PASSWORD})).json()
    key = await house.auth.as_(who).post("/api/v1/auth/api-keys", json={"name": "key", "scopes": ["company:read"]})
    return Victim(who, tokens["refresh_token"], key.json()["secret"])


async def _power(house: House, given: httpx.Response) -> Role | None:
    """What the token still counts as; None once it is void. A key's token is let in and sees nothing of its owner."""
    token = given.json()["access_token"]
    me = await house.auth.http.get(ME, headers={"Authorization": f"Bearer {token}"})
    if me.status_code == 401:
        return None
    assert me.status_code in (200, 403), me.text
    return Role(jwt.decode(token, options={"verify_signature": False})["role"])


async def _works_with_the_new_power(house: House, victim: Victim) -> None:
    for issue in (_sign_in, _exchange):
        assert await _power(house, await issue(house, victim)) is Role.ORG_MEMBER


async def _all_wait(superuser: psycopg.Connection, tasks: list["asyncio.Future[httpx.Response]"]) -> None:
    """Until each waits for a lock, or is done."""
    for _ in range(2000):
        row = superuser.execute(WAITING).fetchone()
        assert row is not None
        if row[0] + sum(task.done() for task in tasks) >= len(tasks):
            return
        await asyncio.sleep(0.002)
    raise AssertionError("they wait for no lock")
