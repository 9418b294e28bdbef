"""A refresh token that comes twice at once is an honest client's; one that comes later was copied."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import psycopg
import pytest
from pydantic import SecretStr

from accunode_auth.app import create_app
from accunode_auth.settings import AuthSettings
from accunode_common.auth.roles import Role
from accunode_common.testing.app import ServiceClient, running
from accunode_common.testing.people import Caller, World
from accunode_common.testing.problems import assert_problem
from accunode_common.testing.settings import changed

AUTH = "/api/v1/auth"
ME = "/api/v1/users/me"
PASSWORD = "correct horse battery staple"

Person = Callable[..., Caller]
SignIn = Callable[..., Awaitable[Any]]


async def refresh(auth: ServiceClient, token: str) -> httpx.Response:
    return await auth.http.post(f"{AUTH}/refresh", json={"refresh_token": token})


async def works(auth: ServiceClient, tokens: dict[str, Any]) -> bool:
    """Whether both of a client's tokens are good."""
    me = await auth.http.get(ME, headers={"Authorization": f"Bearer {tokens['access_token']}"})
    return me.status_code == 200 and (await refresh(auth, tokens["refresh_token"])).status_code == 200


def used_before(superuser: psycopg.Connection, tokens: dict[str, Any], seconds: float) -> None:
    """As if every spent token of the session had been spent so many seconds ago."""
    superuser.execute(
        "UPDATE identity.refresh_tokens SET used_at = clock_timestamp() - %s"
        " WHERE session_id = %s AND used_at IS NOT NULL",
        [timedelta(seconds=seconds), tokens["session_id"]],
    )


# As many as the service has connections: others would wait for a connection, and not for each other.
@pytest.mark.parametrize("clients", [2, 8, 15])
async def test_refreshes_at_once_get_the_same_living_successor(
    auth: ServiceClient, person: Person, sign_in: SignIn, superuser: psycopg.Connection, clients: int
) -> None:
    first = (await sign_in(person())).tokens
    replies = await asyncio.gather(*(refresh(auth, first["refresh_token"]) for _ in range(clients)))
    assert {reply.status_code for reply in replies} == {200}
    given = [reply.json() for reply in replies]
    assert len({tokens["refresh_token"] for tokens in given}) == 1
    kept = superuser.execute(
        "SELECT count(*), count(*) FILTER (WHERE used_at IS NULL) FROM identity.refresh_tokens WHERE session_id = %s",
        [first["session_id"]],
    ).fetchone()
    assert kept == (2, 1)
    for tokens in (given[0], given[-1]):
        assert await works(auth, tokens)


async def test_a_client_that_lost_the_reply_asks_again(
    auth: ServiceClient, person: Person, sign_in: SignIn, superuser: psycopg.Connection
) -> None:
    first = (await sign_in(person())).tokens
    lost = (await refresh(auth, first["refresh_token"])).json()
    used_before(superuser, first, 9)
    again = (await refresh(auth, first["refresh_token"])).json()
    assert again["refresh_token"] == lost["refresh_token"]
    assert await works(auth, again)


async def test_a_tab_that_is_a_step_behind_catches_up(auth: ServiceClient, person: Person, sign_in: SignIn) -> None:
    first = (await sign_in(person())).tokens
    ahead = (await refresh(auth, first["refresh_token"])).json()
    further = (await refresh(auth, ahead["refresh_token"])).json()
    behind = (await refresh(auth, first["refresh_token"])).json()
    assert behind["refresh_token"] == ahead["refresh_token"]
    caught_up = (await refresh(auth, behind["refresh_token"])).json()
    assert caught_up["refresh_token"] == further["refresh_token"]
    assert await works(auth, caught_up)


async def test_a_copied_token_that_comes_later_ends_the_family_at_once(
    auth: ServiceClient, person: Person, sign_in: SignIn, superuser: psycopg.Connection
) -> None:
    first = (await sign_in(person())).tokens
    newest = (await refresh(auth, first["refresh_token"])).json()
    used_before(superuser, first, 11)
    replies = await asyncio.gather(*(refresh(auth, first["refresh_token"]) for _ in range(8)))
    assert {reply.status_code for reply in replies} == {401}
    me = await auth.http.get(ME, headers={"Authorization": f"Bearer {newest['access_token']}"})
    assert_problem(me, 401, "unauthenticated")
    assert_problem(await refresh(auth, newest["refresh_token"]), 401)


async def test_a_token_spent_by_a_switch_is_refused_and_ends_nothing_meanwhile(
    auth: ServiceClient, person: Person, sign_in: SignIn
) -> None:
    who = person()
    signed_in = await sign_in(who)
    body = {"membership_id": str(who.membership_id)}
    switched = (await auth.http.post(f"{AUTH}/switch", json=body, headers=signed_in.headers)).json()
    assert_problem(await refresh(auth, signed_in.tokens["refresh_token"]), 401)
    assert await works(auth, switched)


async def test_under_another_key_a_repeat_is_refused_and_ends_nothing(
    auth: ServiceClient, auth_settings: AuthSettings, person: Person, sign_in: SignIn
) -> None:
    first = (await sign_in(person())).tokens
    newest = (await refresh(auth, first["refresh_token"])).json()
    other = changed(auth_settings, mfa_key=SecretStr("another key of the installation!"))
    async with running(create_app(other)) as app:
        assert_problem(await refresh(app, first["refresh_token"]), 401)
    assert await works(auth, newest)


async def test_no_spent_or_kept_text_lets_anybody_derive_the_next_token(
    auth: ServiceClient, person: Person, sign_in: SignIn, superuser: psycopg.Connection
) -> None:
    tokens = (await sign_in(person())).tokens
    tokens = (await refresh(auth, tokens["refresh_token"])).json()
    dump = superuser.execute(
        "SELECT string_agg(t::text, ' ') FROM identity.refresh_tokens t WHERE session_id = %s", [tokens["session_id"]]
    ).fetchone()
    assert dump is not None
    assert tokens["refresh_token"] not in dump[0]


IDLE, LIFETIME = timedelta(days=3), timedelta(days=30)


def ends(tokens: dict[str, Any]) -> timedelta:
    """How long the session goes on by itself, to the minute."""
    left = datetime.fromisoformat(tokens["refresh_expires_at"]) - datetime.now(UTC)
    return timedelta(minutes=round(left.total_seconds() / 60))


async def test_a_session_ends_after_a_while_without_a_refresh(
    auth: ServiceClient, person: Person, sign_in: SignIn, superuser: psycopg.Connection
) -> None:
    tokens = (await sign_in(person())).tokens
    assert ends(tokens) == IDLE
    superuser.execute(
        "UPDATE identity.sessions SET last_seen_at = now() - %s, created_at = now() - %s WHERE id = %s",
        [IDLE, IDLE, tokens["session_id"]],
    )
    assert_problem(await refresh(auth, tokens["refresh_token"]), 401)


async def test_refreshing_keeps_a_session_up_to_its_lifetime(
    auth: ServiceClient, person: Person, sign_in: SignIn, superuser: psycopg.Connection
) -> None:
    tokens = (await sign_in(person())).tokens
    superuser.execute(
        "UPDATE identity.sessions SET created_at = now() - %s WHERE id = %s",
        [LIFETIME - timedelta(hours=2), tokens["session_id"]],
    )
    refreshed = (await refresh(auth, tokens["refresh_token"])).json()
    assert ends(refreshed) == timedelta(hours=2)
    listed = await auth.http.get(f"{AUTH}/sessions", headers={"Authorization": f"Bearer {refreshed['access_token']}"})
    assert listed.json()["items"][0]["expires_at"] == refreshed["refresh_expires_at"]
    superuser.execute(
        "UPDATE identity.sessions SET created_at = now() - %s WHERE id = %s", [LIFETIME, tokens["session_id"]]
    )
    assert_problem(await refresh(auth, refreshed["refresh_token"]), 401)


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        ('{"session_idle_minutes": 30}', timedelta(minutes=30)),
        ('{"session_lifetime_hours": 8}', timedelta(hours=8)),
        ('{"session_idle_minutes": 43200, "session_lifetime_hours": 8760}', IDLE),
        ('{"session_idle_minutes": null}', IDLE),
    ],
)
async def test_a_tenant_decides_on_less_and_not_on_more(
    auth: ServiceClient,
    person: Person,
    sign_in: SignIn,
    world: World,
    superuser: psycopg.Connection,
    rules: str,
    expected: timedelta,
) -> None:
    before = (await sign_in(person(Role.ORG_MEMBER, world.one.id, world.one.organization_id))).tokens
    superuser.execute("UPDATE tenancy.tenants SET settings = %s WHERE id = %s", [rules, world.one.id])
    assert ends((await refresh(auth, before["refresh_token"])).json()) == expected
    assert ends((await sign_in(person(Role.ORG_MEMBER, world.one.id, world.one.organization_id))).tokens) == expected


async def test_a_tenants_stricter_rule_ends_sessions_that_began_before_it(
    auth: ServiceClient, person: Person, sign_in: SignIn, world: World, superuser: psycopg.Connection
) -> None:
    tokens = (await sign_in(person(Role.ORG_MEMBER, world.one.id, world.one.organization_id))).tokens
    superuser.execute(
        "UPDATE identity.sessions SET last_seen_at = now() - interval '1 hour' WHERE id = %s", [tokens["session_id"]]
    )
    superuser.execute(
        "UPDATE tenancy.tenants SET settings = %s WHERE id = %s", ['{"session_idle_minutes": 30}', world.one.id]
    )
    assert_problem(await refresh(auth, tokens["refresh_token"]), 401)
    reason = superuser.execute(
        "SELECT revoked_reason FROM identity.sessions WHERE id = %s", [tokens["session_id"]]
    ).fetchone()
    assert reason == ("expired",)
