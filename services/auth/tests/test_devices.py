"""A device that signed in before is known by a token that only it has."""

from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import psycopg
import pytest

from accunode_auth.devices.service import MOST_DEVICES
from accunode_common.testing.app import ServiceClient
from accunode_common.testing.people import Caller

LOGIN = "/api/v1/auth/login"
PASSWORD = "correct horse battery staple"

Person = Callable[..., Caller]
SignIn = Callable[..., Awaitable[Any]]


async def log_in(auth: ServiceClient, who: Caller, device_token: str | None = None) -> httpx.Response:
    body = {"email": who.email, "password": PASSWORD, "device_token": device_token}
    return await auth.http.post(LOGIN, json=body)


def devices(superuser: psycopg.Connection, who: Caller) -> int:
    found = superuser.execute("SELECT count(*) FROM identity.known_devices WHERE user_id = %s", [who.user_id])
    return int(found.fetchone()[0])  # type: ignore[index]


async def test_a_new_device_is_given_a_token_once_and_known_by_it(
    auth: ServiceClient, person: Person, superuser: psycopg.Connection
) -> None:
    who = person()
    first = (await log_in(auth, who)).json()
    assert first["device_token"].startswith("dt_")
    again = (await log_in(auth, who, first["device_token"])).json()
    assert again["device_token"] is None
    assert devices(superuser, who) == 1
    of_sessions = superuser.execute(
        "SELECT count(DISTINCT device_id) FROM identity.sessions WHERE user_id = %s", [who.user_id]
    ).fetchone()
    assert of_sessions == (1,)
    refreshed = await auth.http.post("/api/v1/auth/refresh", json={"refresh_token": again["refresh_token"]})
    assert refreshed.json()["device_token"] is None


@pytest.mark.parametrize("damage", ["", "dt_", "another person's", "another secret", "of another kind"])
async def test_a_token_that_is_not_this_persons_makes_no_device_known(
    auth: ServiceClient, person: Person, superuser: psycopg.Connection, damage: str
) -> None:
    who, stranger = person(), person()
    kept = (await log_in(auth, who)).json()
    shown = {
        "another person's": (await log_in(auth, stranger)).json()["device_token"],
        "another secret": kept["device_token"][:-20] + "A" * 20,
        "of another kind": kept["refresh_token"],
    }.get(damage, damage)
    reply = await log_in(auth, who, shown)
    assert reply.json()["device_token"].startswith("dt_")
    assert devices(superuser, who) == 2


async def test_a_device_not_seen_for_half_a_year_is_new_again(
    auth: ServiceClient, person: Person, superuser: psycopg.Connection
) -> None:
    who = person()
    kept = (await log_in(auth, who)).json()["device_token"]
    superuser.execute(
        "UPDATE identity.known_devices SET last_seen_at = now() - interval '181 days' WHERE user_id = %s",
        [who.user_id],
    )
    assert (await log_in(auth, who, kept)).json()["device_token"] is not None
    assert devices(superuser, who) == 1


async def test_of_many_devices_the_latest_are_known(
    auth: ServiceClient, person: Person, superuser: psycopg.Connection
) -> None:
    who = person()
    latest = (await log_in(auth, who)).json()["device_token"]
    superuser.execute(
        "INSERT INTO identity.known_devices (id, user_id, token_hash, last_seen_at)"
        " SELECT gen_random_uuid(), %s, '\\x00', now() - interval '1 day' FROM generate_series(1, 80)",
        [who.user_id],
    )
    await log_in(auth, who)
    assert devices(superuser, who) == MOST_DEVICES
    assert (await log_in(auth, who, latest)).json()["device_token"] is None
