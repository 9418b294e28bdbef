"""Whose credentials change is told so by mail."""

import re
from collections.abc import Awaitable, Callable
from email.message import EmailMessage
from typing import Any

import pytest

from accunode_auth.notices.service import CredentialChange
from accunode_common.testing.app import ServiceClient
from accunode_common.testing.people import Caller

AUTH = "/api/v1/auth"
PASSWORD = "correct horse battery staple"
NEW = "seven grey herons at dusk"

Person = Callable[..., Caller]
SignIn = Callable[..., Awaitable[Any]]
Mailbox = Callable[[str], list[EmailMessage]]


async def _change_password(auth: ServiceClient, signed_in: Any, _mailbox: Mailbox) -> int:
    body = {"current_password": PASSWORD, "new_password": NEW}
    return (await auth.http.post(f"{AUTH}/change-password", json=body, headers=signed_in.headers)).status_code


async def _reset_password(auth: ServiceClient, signed_in: Any, mailbox: Mailbox) -> int:
    address = signed_in.person.email
    await auth.http.post(f"{AUTH}/forgot-password", json={"email": address})
    token = re.findall(r"^pr_[\w-]+$", mailbox(address)[-1].get_content(), re.MULTILINE)[0]
    return (await auth.http.post(f"{AUTH}/reset-password", json={"token": token, "new_password": NEW})).status_code


async def _make_key(auth: ServiceClient, signed_in: Any, _mailbox: Mailbox) -> int:
    body = {"name": "nightly", "scopes": ["company:read"]}
    return (await auth.as_(signed_in.person).post(f"{AUTH}/api-keys", json=body)).status_code


CHANGES = [
    (CredentialChange.PASSWORD_CHANGED, _change_password),
    (CredentialChange.PASSWORD_RESET, _reset_password),
    (CredentialChange.API_KEY_MADE, _make_key),
]


@pytest.mark.parametrize(("change", "make"), CHANGES, ids=[change.name.lower() for change, _ in CHANGES])
async def test_the_owner_is_told_what_changed_and_from_where(
    auth: ServiceClient,
    person: Person,
    sign_in: SignIn,
    mailbox: Mailbox,
    change: CredentialChange,
    make: Callable[..., Awaitable[int]],
) -> None:
    who = person()
    signed_in = await sign_in(who)
    assert await make(auth, signed_in, mailbox) in (200, 201, 204)
    text = mailbox(who.email)[-1].get_content()
    assert change.value in text
    assert "203.0.113.7" in text
    assert "http" not in text.replace("python-httpx", "")


async def test_a_change_that_is_refused_sends_nothing(
    auth: ServiceClient, person: Person, sign_in: SignIn, mailbox: Mailbox
) -> None:
    signed_in = await sign_in(person())
    body = {"current_password": "wrong", "new_password": NEW}
    reply = await auth.http.post(f"{AUTH}/change-password", json=body, headers=signed_in.headers)
    assert reply.status_code == 403
    assert mailbox(signed_in.person.email) == []
