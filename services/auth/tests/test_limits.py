"""What one address may ask, class by class, and how many mails it gets."""

from collections.abc import AsyncIterator, Callable
from email.message import EmailMessage
from typing import Any

import httpx
import pytest
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from accunode_auth.app import create_app
from accunode_auth.limits import LIMITS, CountedBy, LimitClass
from accunode_auth.settings import AuthSettings
from accunode_common.ids import new_id
from accunode_common.testing.app import ServiceClient, running
from accunode_common.testing.people import Caller
from accunode_common.testing.problems import assert_problem
from accunode_common.testing.settings import changed

AUTH = "/api/v1/auth"
PASSWORD = "correct horse battery staple"
TINY = 0.02

ROUTES: dict[LimitClass, tuple[str, dict[str, str]]] = {
    LimitClass.SIGN_IN: ("login", {"email": "x@nowhere.example", "password": "wrong"}),
    LimitClass.REFRESH: ("refresh", {"refresh_token": "rt_" + "A" * 40}),
    LimitClass.KEY_EXCHANGE: ("api-keys/token", {"api_key": "ak_" + "A" * 40}),
    LimitClass.ACCOUNT: ("verify-email", {"token": "ev_" + "A" * 40, "password": "of somebody"}),
}

Mailbox = Callable[[str], list[EmailMessage]]


def an_address() -> str:
    text = new_id().hex
    return f"2001:db8:{text[20:24]}:{text[24:28]}::1"


class Client:
    """Calls a service from one address."""

    def __init__(self, app: Any, address: str) -> None:
        self._app, self._address = app, address

    async def post(self, route: str, body: dict[str, str], **headers: str) -> httpx.Response:
        transport = httpx.ASGITransport(app=self._app, client=(self._address, 50000))
        async with httpx.AsyncClient(transport=transport, base_url="http://accunode.test") as http:
            return await http.post(f"{AUTH}/{route}", json=body, headers=headers)


@pytest.fixture
async def strict(auth_settings: AuthSettings) -> AsyncIterator[ServiceClient]:
    async with running(create_app(changed(auth_settings, public_limit_scale=TINY))) as app:
        yield app


@pytest.fixture
async def usual(auth_settings: AuthSettings) -> AsyncIterator[ServiceClient]:
    async with running(create_app(changed(auth_settings, public_limit_scale=1))) as app:
        yield app


def test_every_class_that_counts_addresses_is_tried_here() -> None:
    elsewhere = {LimitClass.PROVISIONING}  # answers in SCIM's form: see test_scim_isolation.py
    assert set(ROUTES) | elsewhere == {of for of, (by, _, _) in LIMITS.items() if by is CountedBy.ADDRESS}


@pytest.mark.parametrize("of", ROUTES)
async def test_each_class_has_a_count_of_its_own(strict: ServiceClient, of: LimitClass) -> None:
    client, (route, body) = Client(strict.app, an_address()), ROUTES[of]
    allowed = max(1, round(LIMITS[of][1] * TINY))
    replies = [await client.post(route, body) for _ in range(allowed + 1)]
    assert {reply.status_code for reply in replies[:-1]} <= {401, 410}
    assert_problem(replies[-1], 429, "rate_limited")
    for other_route, other_body in (ROUTES[other] for other in ROUTES if other is not of):
        assert (await client.post(other_route, other_body)).status_code in (401, 410)
    assert (await Client(strict.app, an_address()).post(route, body)).status_code in (401, 410)


async def test_an_office_behind_one_address_signs_in_and_refreshes(
    usual: ServiceClient, person: Callable[..., Caller]
) -> None:
    office = Client(usual.app, an_address())
    for _ in range(60):
        tokens = await office.post("login", {"email": person().email, "password": PASSWORD})
        assert tokens.status_code == 200
        assert (await office.post("refresh", {"refresh_token": tokens.json()["refresh_token"]})).status_code == 200


async def test_a_session_is_refreshed_no_more_than_a_client_needs(
    strict: ServiceClient, person: Callable[..., Caller]
) -> None:
    who, where = person(), Client(strict.app, an_address())
    token = (await where.post("login", {"email": who.email, "password": PASSWORD})).json()["refresh_token"]
    statuses = []
    for _ in range(4):
        reply = await Client(strict.app, an_address()).post("refresh", {"refresh_token": token})
        token = reply.json().get("refresh_token", token)
        statuses.append(reply.status_code)
    assert statuses == [200, 200, 429, 429]


async def test_a_forged_refresh_token_uses_up_nobodys_count(
    strict: ServiceClient, person: Callable[..., Caller]
) -> None:
    who, where = person(), Client(strict.app, an_address())
    token = (await where.post("login", {"email": who.email, "password": PASSWORD})).json()["refresh_token"]
    for _ in range(10):
        await Client(strict.app, an_address()).post("refresh", {"refresh_token": token[:-20] + "A" * 20})
    assert (await Client(strict.app, an_address()).post("refresh", {"refresh_token": token})).status_code == 200


@pytest.mark.parametrize("route", ["register", "forgot-password"])
@pytest.mark.parametrize("known", [True, False])
async def test_an_address_gets_one_mail_an_hour_and_the_reply_never_tells(
    usual: ServiceClient, person: Callable[..., Caller], mailbox: Mailbox, route: str, known: bool
) -> None:
    email = person().email if known else f"{new_id()}@nowhere.example"
    body = {"email": email} if route == "forgot-password" else {"email": email, "password": PASSWORD}
    replies = [
        await Client(usual.app, an_address()).post(route, {**body, "email": spelled})
        for spelled in (email, email.upper(), email, email)
    ]
    assert {(reply.status_code, reply.text) for reply in replies} == {(202, replies[0].text)}
    mails = mailbox(email) + mailbox(email.upper())
    assert len(mails) == (0 if route == "forgot-password" and not known else 1)


async def test_registering_and_resetting_are_counted_apart(
    usual: ServiceClient, person: Callable[..., Caller], mailbox: Mailbox
) -> None:
    email = person().email
    await Client(usual.app, an_address()).post("register", {"email": email, "password": PASSWORD})
    await Client(usual.app, an_address()).post("forgot-password", {"email": email})
    assert len(mailbox(email)) == 2


async def _let_through(strict: ServiceClient, peer: str, forwarded: str, trusted: str) -> int:
    """How many of eight sign-ins are let through, each with another first entry in the header."""
    app = ProxyHeadersMiddleware(strict.app, trusted_hosts=trusted)
    client, through = Client(app, peer), 0
    for number in range(8):
        header = {"X-Forwarded-For": forwarded.format(spoofed=f"198.51.100.{number}")}
        reply = await client.post("login", {"email": f"{new_id()}@nowhere.example", "password": "wrong"}, **header)
        through += reply.status_code == 401
    return through


@pytest.mark.parametrize(
    ("peer", "forwarded", "trusted", "through"),
    [
        ("192.0.2.1", "{spoofed}", "10.0.0.0/8", 6),
        ("10.0.0.1", "{spoofed}, 192.0.2.2", "10.0.0.0/8", 6),
        ("10.0.0.2", "{spoofed}, 192.0.2.3, 10.0.0.9", "10.0.0.0/8", 6),
        ("10.0.0.3", "{spoofed}", "10.0.0.0/8", 8),
    ],
    ids=["no proxy", "one proxy", "two proxies", "each client behind the proxy"],
)
async def test_only_trusted_proxies_say_who_the_client_is(
    strict: ServiceClient, peer: str, forwarded: str, trusted: str, through: int
) -> None:
    assert await _let_through(strict, peer, forwarded, trusted) == through


async def test_a_mailbox_that_many_want_as_their_new_address_gets_one_mail_an_hour(
    usual: ServiceClient, person: Callable[..., Caller], mailbox: Mailbox
) -> None:
    wanted = f"{new_id()}@nowhere.example"
    for _ in range(3):
        client = Client(usual.app, an_address())
        tokens = (await client.post("login", {"email": person().email, "password": PASSWORD})).json()
        bearer = {"Authorization": f"Bearer {tokens['access_token']}"}
        proved = (await client.post("step-up", {"password": PASSWORD}, **bearer)).json()["access_token"]
        asked = await client.post("change-email", {"email": wanted}, Authorization=f"Bearer {proved}")
        assert asked.status_code == 202
    assert len(mailbox(wanted)) == 1
