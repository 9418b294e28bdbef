"""A process works on so many requests at once; the others wait their turn, and those that get none are told."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from http_app import create_app
from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import Request
from starlette.responses import PlainTextResponse, StreamingResponse
from starlette.types import Message, Receive, Scope, Send

from accunode_common.db.access import DatabaseRole
from accunode_common.http.turns import TakeTurns, Turns
from accunode_common.settings import VerifierSettings
from accunode_common.testing.app import running
from accunode_common.testing.keys import TestIssuer
from accunode_common.testing.people import World
from accunode_common.testing.plugin import SettingsFactory
from accunode_common.testing.problems import assert_problem

THINGS = "/api/v1/things"
PATIENT = 60.0


@given(at_once=st.integers(1, 5), works=st.lists(st.integers(1, 4), max_size=40))
def test_no_more_than_so_many_have_a_turn_and_they_come_in_order(at_once: int, works: list[int]) -> None:
    """`works` are the steps of the event loop that each takes."""
    begun: list[int] = []
    under_way = most = 0

    async def work(turns: Turns, number: int, steps: int) -> None:
        nonlocal under_way, most
        await turns.take()
        begun.append(number)
        under_way += 1
        most = max(most, under_way)
        for _ in range(steps):
            await asyncio.sleep(0)
        under_way -= 1
        turns.give_back()

    async def everybody() -> None:
        turns = Turns(at_once, PATIENT)
        await asyncio.gather(*(work(turns, number, steps) for number, steps in enumerate(works)))

    asyncio.run(everybody())
    assert begun == list(range(len(works)))
    assert most == min(at_once, len(works))


async def test_who_gave_up_waiting_takes_no_turn_with_him() -> None:
    turns = Turns(1, 0.01)
    await turns.take()
    for outcome in await asyncio.gather(*(turns.take() for _ in range(5)), return_exceptions=True):
        assert isinstance(outcome, TimeoutError)
    turns.give_back()
    await turns.take()


@pytest.fixture
def clock() -> list[float]:
    """The moment that turns are told, as its only entry."""
    return [0.0]


@pytest.fixture
def patience(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """How long each was ready to wait; in truth none waits for longer than the event loop takes to turn."""
    seconds = list[float]()
    timeout = asyncio.timeout

    def noting(delay: float) -> Any:
        seconds.append(delay)
        return timeout(0.01)

    monkeypatch.setattr("accunode_common.http.turns.asyncio.timeout", noting)
    return seconds


async def test_the_wait_is_short_when_none_was_soon_over_for_a_while(clock: list[float], patience: list[float]) -> None:
    turns = Turns(1, 10.0, clock=lambda: clock[0])
    await turns.take()
    for clock[0] in (1.0, 10.0, 10.1, 30.0):
        with pytest.raises(TimeoutError):
            await turns.take()
    assert patience == [10.0, 10.0, 2.0, 2.0]


async def test_the_wait_is_long_again_when_one_was_soon_over(clock: list[float], patience: list[float]) -> None:
    turns = Turns(1, 10.0, clock=lambda: clock[0])

    async def waits(begun: float, seconds: float) -> None:
        clock[0] = begun
        async with asyncio.TaskGroup() as group:
            group.create_task(turns.take())
            await asyncio.sleep(0)
            clock[0] += seconds
            turns.give_back()

    await turns.take()
    for begun, seconds in ((30.0, 1.0), (32.0, 0.4), (33.0, 1.0), (40.0, 1.0), (43.0, 1.0)):
        await waits(begun, seconds)
    assert patience == [2.0, 2.0, 10.0, 10.0, 2.0]
    turns.give_back()
    clock[0] = 60.0
    await turns.take()
    await waits(69.0, 1.0)
    assert patience[-1] == 10.0


class Caller:
    """Sends requests to an application as a server would, with a body that comes when the test says so."""

    def __init__(self, app: Callable[[Scope, Receive, Send], Any]) -> None:
        self._app = app

    async def __call__(
        self, method: str = "GET", path: str = "/", *, signed_in: bool = True, body: asyncio.Future[bytes] | None = None
    ) -> list[Message]:
        headers = [(b"authorization", b"Bearer x")] if signed_in else []
        if body is not None:
            headers.append((b"transfer-encoding", b"chunked"))
        scope = {"type": "http", "method": method, "path": path, "headers": headers, "query_string": b""}
        sent: list[Message] = []
        whole = False

        async def receive() -> Message:
            nonlocal whole
            if whole:
                await asyncio.Event().wait()
            content, whole = b"" if body is None else await body, True
            return {"type": "http.request", "body": content, "more_body": False}

        async def send(message: Message) -> None:
            sent.append(message)

        await self._app(scope, receive, send)
        return sent


@pytest.fixture
def gate() -> asyncio.Event:
    return asyncio.Event()


@pytest.fixture
def began() -> asyncio.Queue[str]:
    return asyncio.Queue()


@pytest.fixture
def turns() -> Turns:
    return Turns(1, PATIENT)


@pytest.fixture
def call(gate: asyncio.Event, began: asyncio.Queue[str], turns: Turns) -> Caller:
    """An application that says what begins, and whose replies wait for the gate: within a stream, or before them."""

    async def stream() -> AsyncIterator[bytes]:
        await gate.wait()
        yield b"end"

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        await request.body()
        await began.put(request.url.path)
        if request.url.path == "/stream":
            await StreamingResponse(stream())(scope, receive, send)
        else:
            await gate.wait()
            await PlainTextResponse("end")(scope, receive, send)

    return Caller(TakeTurns(app, turns=turns, without={("POST", "/upload")}))


async def begins(began: asyncio.Queue[str], path: str) -> None:
    async with asyncio.timeout(PATIENT):
        assert await began.get() == path


async def test_a_body_under_way_holds_no_turn(call: Caller, gate: asyncio.Event, began: asyncio.Queue[str]) -> None:
    body = asyncio.get_running_loop().create_future()
    async with asyncio.TaskGroup() as group:
        group.create_task(call("POST", "/slow", body=body))
        await asyncio.sleep(0)
        group.create_task(call(path="/read"))
        await begins(began, "/read")
        body.set_result(b"{}")
        await asyncio.sleep(0)
        assert began.empty()
        gate.set()
        await begins(began, "/slow")


async def test_a_reply_that_has_begun_holds_no_turn(
    call: Caller, gate: asyncio.Event, began: asyncio.Queue[str]
) -> None:
    async with asyncio.TaskGroup() as group:
        for path in ("/stream", "/stream", "/read"):
            group.create_task(call(path=path))
            await begins(began, path)
        gate.set()


@pytest.mark.parametrize(("method", "path", "signed_in"), [("GET", "/public", False), ("POST", "/upload", True)])
async def test_who_is_not_signed_in_and_what_sends_files_need_no_turn(
    method: str, path: str, signed_in: bool, call: Caller, gate: asyncio.Event, began: asyncio.Queue[str]
) -> None:
    async with asyncio.TaskGroup() as group:
        group.create_task(call(path="/read"))
        await begins(began, "/read")
        group.create_task(call(method, path, signed_in=signed_in))
        await begins(began, path)
        gate.set()


async def test_a_turn_is_given_back_by_what_fails(turns: Turns) -> None:
    async def failing(_scope: Scope, _receive: Receive, _send: Send) -> None:
        raise RuntimeError

    call = Caller(TakeTurns(failing, turns=turns))
    for _ in range(3):
        with pytest.raises(RuntimeError):
            await call()
    await turns.take()


async def test_who_gets_no_turn_is_told_when_to_ask_again(
    make_settings: SettingsFactory, issuer: TestIssuer, world: World
) -> None:
    one_connection = {"database_pool_size": 1, "database_pool_overflow": 0}
    settings = make_settings(VerifierSettings, DatabaseRole.TENANTS, turn_seconds=0.01, **one_connection)
    async with running(create_app(settings, issuer.source)) as things:
        admin = things.as_(world.one.tenant_admin)
        slow = [admin.post(THINGS, json={"name": "slow"}) for _ in range(3)]
        reads = [admin.get(f"{THINGS}/me") for _ in range(3)]
        replies = await asyncio.gather(*slow, *reads, things.http.get(f"{THINGS}/public"))
        *asked, public = replies
        assert public.status_code == 200
        assert 503 in {reply.status_code for reply in asked} <= {200, 201, 409, 503}
        for refused in (reply for reply in asked if reply.status_code == 503):
            assert_problem(refused, 503, "service_unavailable")
            assert refused.headers["retry-after"] == "1"
        assert (await admin.get(f"{THINGS}/me")).status_code == 200


@pytest.mark.parametrize(
    ("size", "overflow", "processes", "each"),
    [(10, 10, 1, (10, 10)), (10, 10, 2, (5, 5)), (10, 10, 4, (3, 2)), (1, 0, 8, (1, 0))],
)
def test_the_processes_of_a_copy_share_its_connections(
    size: int, overflow: int, processes: int, each: tuple[int, int], make_settings: SettingsFactory
) -> None:
    pool = {"database_pool_size": size, "database_pool_overflow": overflow}
    settings = make_settings(VerifierSettings, DatabaseRole.TENANTS, processes=processes, **pool)
    shared = settings.database_of_process
    assert (shared.pool_size, shared.pool_overflow) == each
