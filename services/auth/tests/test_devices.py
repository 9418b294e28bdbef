"""A device that signed in before is known by a token that only it has."""

from collections.abc import Awaitable, Callable
from email.message import EmailMessage
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
Mailbox = Callable[[str], list[EmailMessage]]


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


AGENTS = {
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36":
        "Chrome on Windows",
    "Mozilla/5.0 (X11; Linux x86_64; rv:142.0) Gecko/20100101 Firefox/142.0": "Firefox on Linux",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5"
    " Mobile/15E148 Safari/604.1": "Mobile Safari on iOS",
    "nightly-export/2.1": "nightly-export",
    "": "an unknown device",
}  # fmt: skip


@pytest.mark.parametrize("agent", AGENTS)
async def test_sessions_say_in_words_what_signed_in_from_where_and_how(
    auth: ServiceClient, person: Person, sign_in: SignIn, agent: str
) -> None:
    signed_in = await sign_in(person(), headers={"User-Agent": agent})
    (shown,) = (await auth.http.get("/api/v1/auth/sessions", headers=signed_in.headers)).json()["items"]
    assert (shown["device"], shown["ip_address"], shown["methods"]) == (AGENTS[agent], "203.0.113.7", ["pwd"])
    assert (shown["current"], shown["user_agent"]) == (True, agent)


async def test_a_person_is_told_of_a_device_that_is_new_and_of_no_other(
    auth: ServiceClient, person: Person, sign_in: SignIn, mailbox: Mailbox
) -> None:
    who = person()
    desk, _, phone, *_ = AGENTS

    def told() -> list[str]:
        return [mail.get_content() for mail in mailbox(who.email)]

    first = await sign_in(who, headers={"User-Agent": desk})
    assert told() == [], "nobody is told of the first device of all"
    await sign_in(who, headers={"User-Agent": phone})
    (text,) = told()
    assert "a device signed in that was not known" in text
    assert "Device: Mobile Safari on iOS" in text
    assert "Address: 203.0.113.7" in text
    await sign_in(who, headers={"User-Agent": phone})
    assert len(told()) == 1, "a program that keeps no token is not told of each time"
    body = {"email": who.email, "password": PASSWORD, "device_token": first.tokens["device_token"]}
    moved = await auth.http.post(LOGIN, json=body, headers={"User-Agent": "updated browser"})
    assert moved.status_code == 200
    assert len(told()) == 1, "a device that shows its token is known, whatever it calls itself"
