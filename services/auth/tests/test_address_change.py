"""A person moves to another address by showing who they are, and that the address is theirs."""

from collections.abc import Awaitable, Callable
from email.message import EmailMessage
from typing import Any

import psycopg
import pytest

from accunode_common.ids import new_id
from accunode_common.testing.app import ServiceClient
from accunode_common.testing.people import Caller
from accunode_common.testing.problems import assert_problem

AUTH = "/api/v1/auth"
CHANGE = f"{AUTH}/change-email"
CONFIRM = f"{CHANGE}/confirm"
PASSWORD = "correct horse battery staple"

Person = Callable[..., Caller]
SignIn = Callable[..., Awaitable[Any]]
Prove = Callable[..., Awaitable[dict[str, str]]]
Mailbox = Callable[[str], list[EmailMessage]]


def an_address() -> str:
    return f"moved-{new_id()}@bank.example"


def token_in(mail: EmailMessage) -> str:
    (line,) = [line for line in mail.get_content().splitlines() if line.startswith(("ce_", "pr_"))]
    return line


@pytest.fixture
async def mover(person: Person, sign_in: SignIn, prove: Prove) -> tuple[Caller, dict[str, str]]:
    """Somebody who showed just now who they are."""
    signed_in = await sign_in(person())
    return signed_in.person, await prove(signed_in.headers)


async def log_in(auth: ServiceClient, email: str) -> int:
    return (await auth.http.post(f"{AUTH}/login", json={"email": email, "password": PASSWORD})).status_code


async def test_the_new_address_signs_in_once_confirmed_and_the_old_one_is_told(
    auth: ServiceClient, mover: tuple[Caller, dict[str, str]], mailbox: Mailbox
) -> None:
    (who, headers), wanted = mover, an_address()
    assert (await auth.http.post(CHANGE, json={"email": wanted}, headers=headers)).status_code == 202
    assert await log_in(auth, wanted) == 401, "asking changes nothing"
    (mail,) = mailbox(wanted)
    body = {"token": token_in(mail), "password": PASSWORD}
    assert (await auth.http.post(CONFIRM, json=body)).status_code == 204
    assert (await log_in(auth, wanted), await log_in(auth, who.email)) == (200, 401)
    profile = (await auth.http.get("/api/v1/users/me", headers=headers)).json()
    assert (profile["email"], profile["email_verified"]) == (wanted, True)
    assert any("the e-mail address was changed" in mail.get_content() for mail in mailbox(who.email))
    assert_problem(await auth.http.post(CONFIRM, json=body), 410)


async def test_an_address_with_an_account_gets_the_same_reply_and_no_mail(
    auth: ServiceClient, mover: tuple[Caller, dict[str, str]], person: Person, mailbox: Mailbox
) -> None:
    _, headers = mover
    taken = person()
    replies = [
        (await auth.http.post(CHANGE, json={"email": email}, headers=headers)).json()
        for email in (taken.email, an_address())
    ]
    assert replies[0] == replies[1]
    assert mailbox(taken.email) == []


async def test_whoever_is_first_has_the_address(
    auth: ServiceClient, person: Person, sign_in: SignIn, prove: Prove, mailbox: Mailbox
) -> None:
    wanted = an_address()
    for who in (person(), person()):
        headers = await prove((await sign_in(who)).headers)
        assert (await auth.http.post(CHANGE, json={"email": wanted}, headers=headers)).status_code == 202
    first, second = mailbox(wanted)
    assert (await auth.http.post(CONFIRM, json={"token": token_in(first), "password": PASSWORD})).status_code == 204
    assert_problem(await auth.http.post(CONFIRM, json={"token": token_in(second), "password": PASSWORD}), 410)


async def test_a_reset_that_was_mailed_to_the_old_address_is_void(
    auth: ServiceClient, mover: tuple[Caller, dict[str, str]], mailbox: Mailbox
) -> None:
    (who, headers), wanted = mover, an_address()
    await auth.http.post(f"{AUTH}/forgot-password", json={"email": who.email})
    (reset,) = mailbox(who.email)
    await auth.http.post(CHANGE, json={"email": wanted}, headers=headers)
    (mail,) = mailbox(wanted)
    assert (await auth.http.post(CONFIRM, json={"token": token_in(mail), "password": PASSWORD})).status_code == 204
    body = {"token": token_in(reset), "new_password": "nine quiet otters under ice"}
    assert_problem(await auth.http.post(f"{AUTH}/reset-password", json=body), 410)


async def test_a_later_wish_replaces_an_earlier_one_and_old_tokens_die(
    auth: ServiceClient, mover: tuple[Caller, dict[str, str]], mailbox: Mailbox, superuser: psycopg.Connection
) -> None:
    (who, headers), earlier, later = mover, an_address(), an_address()
    for wanted in (earlier, later):
        await auth.http.post(CHANGE, json={"email": wanted}, headers=headers)
    (mail,) = mailbox(earlier)
    assert_problem(await auth.http.post(CONFIRM, json={"token": token_in(mail), "password": PASSWORD}), 410)
    superuser.execute("UPDATE identity.one_time_tokens SET expires_at = now() WHERE user_id = %s", [who.user_id])
    (mail,) = mailbox(later)
    assert_problem(await auth.http.post(CONFIRM, json={"token": token_in(mail), "password": PASSWORD}), 410)


async def test_wishes_are_limited(auth: ServiceClient, mover: tuple[Caller, dict[str, str]]) -> None:
    _, headers = mover
    statuses = [
        (await auth.http.post(CHANGE, json={"email": an_address()}, headers=headers)).status_code for _ in range(4)
    ]
    assert statuses == [202, 202, 202, 429]


async def test_who_reads_the_mail_gives_the_address_to_no_account_of_another(
    auth: ServiceClient, mover: tuple[Caller, dict[str, str]], mailbox: Mailbox
) -> None:
    """Else an account of an attacker would have an address that its owner has shown to be theirs."""
    (_, headers), victims = mover, an_address()
    await auth.http.post(CHANGE, json={"email": victims}, headers=headers)
    (mail,) = mailbox(victims)
    body = {"token": token_in(mail), "password": "the victim's own, and not the attacker's"}
    assert_problem(await auth.http.post(CONFIRM, json=body), 403, "forbidden")
    assert await log_in(auth, victims) == 401
    assert (await auth.http.post(CONFIRM, json={**body, "password": PASSWORD})).status_code == 204, "it stays good"
