"""Guessing gets slow, and never keeps an owner out."""

import asyncio
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from email.message import EmailMessage

import httpx
import pytest

from accunode_auth.sign_in.guesses import ACCOUNT, ACCOUNT_AND_NETWORK, DEVICE
from accunode_common.ids import new_id
from accunode_common.testing.app import ServiceClient
from accunode_common.testing.people import Caller
from accunode_common.testing.problems import assert_problem

LOGIN = "/api/v1/auth/login"
PASSWORD = "correct horse battery staple"
NEW = "seven grey herons at dusk"

Person = Callable[..., Caller]
Mailbox = Callable[[str], list[EmailMessage]]


class Elsewhere:
    """Clients of one service that come from addresses of their own."""

    def __init__(self, auth: ServiceClient) -> None:
        self._auth = auth

    async def attempt(
        self, address: str, email: str, password: str = PASSWORD, device: str | None = None
    ) -> httpx.Response:
        transport = httpx.ASGITransport(app=self._auth.app, client=(address, 50000))
        async with httpx.AsyncClient(transport=transport, base_url="http://accunode.test", timeout=30) as http:
            return await http.post(LOGIN, json={"email": email, "password": password, "device_token": device})


@pytest.fixture
def clients(auth: ServiceClient) -> Elsewhere:
    return Elsewhere(auth)


def networks() -> Iterator[str]:
    """Addresses that nobody used before, each of another network."""
    while True:
        text = new_id().hex
        yield f"2001:db8:{text[20:24]}:{text[24:28]}::1"


def address() -> str:
    return next(networks())


async def wear_out(clients: Elsewhere, email: str, where: str, tries: int) -> list[httpx.Response]:
    return [await clients.attempt(where, email, "wrong") for _ in range(tries)]


@pytest.mark.parametrize("known", [True, False])
async def test_after_some_failures_each_further_one_costs_a_longer_wait(
    clients: Elsewhere, person: Person, known: bool
) -> None:
    email = person().email if known else f"{new_id()}@nowhere.example"
    where, waits = address(), []
    for _ in range(ACCOUNT_AND_NETWORK.free + 1):
        assert_problem(await clients.attempt(where, email, "wrong"), 401)
    for _ in range(3):
        refused = await clients.attempt(where, email)
        assert_problem(refused, 429, "rate_limited")
        waits.append(int(refused.headers["retry-after"]))
    assert waits == [1, 1, 1]


async def test_guesses_made_at_once_are_counted_at_once(
    clients: Elsewhere, person: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    # On a busy machine answering them all takes longer than the first delay, after which one more may be made.
    patient = replace(ACCOUNT_AND_NETWORK, first_seconds=60)
    monkeypatch.setattr("accunode_auth.sign_in.guesses.ACCOUNT_AND_NETWORK", patient)
    who, where = person(), address()
    replies = await asyncio.gather(*(clients.attempt(where, who.email, "wrong") for _ in range(30)))
    assert sum(reply.status_code == 401 for reply in replies) == ACCOUNT_AND_NETWORK.free + 1


async def test_a_stranger_who_guesses_steadily_keeps_nobody_out_elsewhere(clients: Elsewhere, person: Person) -> None:
    who, stranger = person(), address()
    await wear_out(clients, who.email, stranger, ACCOUNT_AND_NETWORK.free + 1)
    assert_problem(await clients.attempt(stranger, who.email), 429)
    assert (await clients.attempt(address(), who.email)).status_code == 200


async def test_strangers_everywhere_slow_down_new_devices_only(clients: Elsewhere, person: Person) -> None:
    who, home = person(), address()
    device = (await clients.attempt(home, who.email)).json()["device_token"]
    for where in [address() for _ in range(ACCOUNT.free + 1)]:
        await clients.attempt(where, who.email, "wrong")
    refused = await clients.attempt(address(), who.email)
    assert_problem(refused, 429)
    assert int(refused.headers["retry-after"]) <= ACCOUNT.longest_seconds
    assert (await clients.attempt(address(), who.email, device=device)).status_code == 200


async def test_a_known_device_has_a_count_of_its_own(clients: Elsewhere, person: Person) -> None:
    who, home = person(), address()
    device = (await clients.attempt(home, who.email)).json()["device_token"]
    for _ in range(DEVICE.free + 1):
        assert_problem(await clients.attempt(home, who.email, "wrong", device), 401)
    assert_problem(await clients.attempt(home, who.email, device=device), 429)
    assert (await clients.attempt(home, who.email)).status_code == 200


async def test_another_persons_device_gives_no_way_around(clients: Elsewhere, person: Person) -> None:
    who, stranger, where = person(), person(), address()
    device = (await clients.attempt(where, stranger.email)).json()["device_token"]
    for _ in range(ACCOUNT_AND_NETWORK.free + 1):
        await clients.attempt(where, who.email, "wrong", device)
    assert_problem(await clients.attempt(where, who.email, device=device), 429)


async def test_a_success_forgets_the_failures_before_it(clients: Elsewhere, person: Person) -> None:
    who, where = person(), address()
    for _ in range(3):
        await wear_out(clients, who.email, where, ACCOUNT_AND_NETWORK.free - 1)
        assert (await clients.attempt(where, who.email)).status_code == 200


async def test_an_ipv6_client_cannot_move_within_its_network(clients: Elsewhere, person: Person) -> None:
    who, network = person(), address().removesuffix("1")
    for number in range(ACCOUNT_AND_NETWORK.free + 1):
        await clients.attempt(f"{network}{number + 1:x}", who.email, "wrong")
    assert_problem(await clients.attempt(f"{network}ffff", who.email), 429)


async def test_a_reset_ends_every_delay_and_makes_its_device_known(
    auth: ServiceClient, clients: Elsewhere, person: Person, mailbox: Mailbox
) -> None:
    who, where = person(), address()
    old = (await clients.attempt(address(), who.email)).json()["device_token"]
    await wear_out(clients, who.email, where, ACCOUNT_AND_NETWORK.free + 1)
    for each in [address() for _ in range(ACCOUNT.free)]:
        await clients.attempt(each, who.email, "wrong")
    assert_problem(await clients.attempt(where, who.email), 429)
    await auth.http.post("/api/v1/auth/forgot-password", json={"email": who.email})
    token = re.findall(r"^pr_[\w-]+$", mailbox(who.email)[-1].get_content(), re.MULTILINE)[0]
    reset = await auth.http.post("/api/v1/auth/reset-password", json={"token": token, "new_password": NEW})
    assert reset.status_code == 200
    assert (await clients.attempt(where, who.email, NEW)).status_code == 200
    for each in [address() for _ in range(ACCOUNT.free + 1)]:
        await clients.attempt(each, who.email, "wrong")
    assert_problem(await clients.attempt(address(), who.email, NEW, old), 429)
    device = reset.json()["device_token"]
    assert (await clients.attempt(address(), who.email, NEW, device)).status_code == 200
