"""Changing a password, and resetting one that was forgotten."""

import re
from collections.abc import Awaitable, Callable
from email import message_from_bytes
from email.policy import default
from pathlib import Path
from typing import Any

import psycopg
import pytest

from accunode_auth.settings import AuthSettings
from accunode_common.ids import new_id
from accunode_common.testing.app import ServiceClient
from accunode_common.testing.people import Caller
from accunode_common.testing.problems import assert_problem

AUTH = "/api/v1/auth"
PASSWORD = "correct horse battery staple"
NEW = "a quite different sentence"

Person = Callable[..., Caller]
SignIn = Callable[..., Awaitable[Any]]


@pytest.fixture
def mailed_token(auth_settings: AuthSettings) -> Callable[[str], str | None]:
    assert auth_settings.mail.url is not None
    folder = Path(auth_settings.mail.url.get_secret_value().removeprefix("file://"))

    def find(address: str) -> str | None:
        found = [message_from_bytes(file.read_bytes(), policy=default) for file in sorted(folder.glob("*.eml"))]
        texts = [mail.get_content() for mail in found if mail["To"] == address]
        return re.findall(r"^pr_[\w-]+$", texts[-1], re.MULTILINE)[0] if texts else None

    return find


async def login(auth: ServiceClient, email: str, password: str) -> int:
    reply = await auth.http.post(f"{AUTH}/login", json={"email": email, "password": password})
    return reply.status_code


async def test_a_changed_password_counts_at_once_and_ends_other_sessions(
    auth: ServiceClient, person: Person, sign_in: SignIn
) -> None:
    who = person()
    here, there = await sign_in(who), await sign_in(who)
    body = {"current_password": PASSWORD, "new_password": NEW}
    assert (await auth.http.post(f"{AUTH}/change-password", json=body, headers=here.headers)).status_code == 204
    assert (await auth.http.get("/api/v1/users/me", headers=here.headers)).status_code == 200
    assert_problem(await auth.http.get("/api/v1/users/me", headers=there.headers), 401)
    assert await login(auth, who.email, PASSWORD) == 401
    assert await login(auth, who.email, NEW) == 200


async def test_the_current_password_is_needed(auth: ServiceClient, person: Person, sign_in: SignIn) -> None:
    signed_in = await sign_in(person())
    path, headers = f"{AUTH}/change-password", signed_in.headers
    wrong = {"current_password": "wrong", "new_password": NEW}
    assert_problem(await auth.http.post(path, json=wrong, headers=headers), 403)
    same = {"current_password": PASSWORD, "new_password": PASSWORD}
    assert_problem(
        await auth.http.post(path, json=same, headers=headers), 422, fault="same_password", pointer="/body/new_password"
    )
    for _ in range(8):
        await auth.http.post(path, json=wrong, headers=headers)
    assert_problem(await auth.http.post(path, json=wrong, headers=headers), 429)


async def test_a_forgotten_password_is_reset_with_a_mailed_token_once(
    auth: ServiceClient,
    person: Person,
    sign_in: SignIn,
    mailed_token: Callable[[str], str | None],
    superuser: psycopg.Connection,
) -> None:
    who = person()
    signed_in = await sign_in(who)
    assert (await auth.http.post(f"{AUTH}/forgot-password", json={"email": who.email})).status_code == 202
    token = mailed_token(who.email)
    assert token is not None
    body = {"token": token, "new_password": NEW}
    assert (await auth.http.post(f"{AUTH}/reset-password", json=body)).status_code == 200
    assert_problem(await auth.http.get("/api/v1/users/me", headers=signed_in.headers), 401)
    assert await login(auth, who.email, NEW) == 200
    assert_problem(await auth.http.post(f"{AUTH}/reset-password", json=body), 410, "gone")


async def test_the_reply_to_a_reset_request_is_the_same_for_an_unknown_address(
    auth: ServiceClient, person: Person, mailed_token: Callable[[str], str | None]
) -> None:
    unknown = f"{new_id()}@nowhere.example"
    replies = [
        await auth.http.post(f"{AUTH}/forgot-password", json={"email": email}) for email in (unknown, person().email)
    ]
    assert replies[0].json() == replies[1].json()
    assert mailed_token(unknown) is None


async def test_only_the_latest_reset_token_is_good_and_only_in_time(
    auth: ServiceClient,
    person: Person,
    mailed_token: Callable[[str], str | None],
    superuser: psycopg.Connection,
) -> None:
    who = person()
    tokens = []
    for _ in range(2):
        await auth.http.post(f"{AUTH}/forgot-password", json={"email": who.email})
        tokens.append(mailed_token(who.email))
    assert tokens[0] != tokens[1]
    body = {"token": tokens[0], "new_password": NEW}
    assert_problem(await auth.http.post(f"{AUTH}/reset-password", json=body), 410)
    superuser.execute("UPDATE identity.one_time_tokens SET expires_at = now() WHERE user_id = %s", [who.user_id])
    assert_problem(await auth.http.post(f"{AUTH}/reset-password", json={**body, "token": tokens[1]}), 410)
    assert await login(auth, who.email, PASSWORD) == 200


async def test_a_verification_token_resets_no_password(
    auth: ServiceClient, person: Person, mailed_token: Callable[[str], str | None]
) -> None:
    who = person()
    await auth.http.post(f"{AUTH}/forgot-password", json={"email": who.email})
    token = mailed_token(who.email)
    assert token is not None
    reply = await auth.http.post(
        f"{AUTH}/verify-email", json={"token": token.replace("pr_", "ev_", 1), "password": PASSWORD}
    )
    assert_problem(reply, 410, "gone")
