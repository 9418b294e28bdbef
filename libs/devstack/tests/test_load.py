"""The load's own manners: it neither spares the server nor makes up errors."""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from accunode_common.db.access import DatabaseRole
from accunode_devstack.endpoints import Endpoints
from accunode_devstack.errors import DevstackError
from accunode_devstack.load.connection import Connection
from accunode_devstack.load.measure import numbers_of_people
from accunode_devstack.load.report import ASKING, Load, Step
from accunode_devstack.load.statements import Statements, StatementTimes, sampled_kinds
from accunode_devstack.load.visits import THINKS_SECONDS, Log, Visitor, hammer, visit
from accunode_devstack.programs import product_parts
from accunode_devstack.state import State

Answer = Callable[[bytes], Awaitable[tuple[bytes, bool]]]


@asynccontextmanager
async def server(answer: Answer, heads: list[bytes] | None = None) -> AsyncIterator[int]:
    """A server on loopback; `answer` gives the reply to a request's first line, and whether the connection stays.

    `heads` gets the whole head of each request.
    """

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        stays = True
        while stays and (head := await reader.readuntil(b"\r\n\r\n")):
            if (length := head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0]).isdigit():
                await reader.readexactly(int(length))
            if heads is not None:
                heads.append(head)
            reply, stays = await answer(head.partition(b"\r\n")[0])
            writer.write(reply)
            await writer.drain()
        writer.close()

    async def quietly(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await serve(reader, writer)
        except asyncio.IncompleteReadError:
            writer.close()

    listening = await asyncio.start_server(quietly, "127.0.0.1", 0)
    async with listening:
        yield listening.sockets[0].getsockname()[1]


def reply(status: int = 200, body: bytes = b"{}") -> bytes:
    return b"HTTP/1.1 %d OK\r\nContent-Length: %d\r\n\r\n%s" % (status, len(body), body)


async def test_a_kept_connection_that_the_server_closed_is_opened_anew() -> None:
    asked: list[bytes] = []

    async def once_each(line: bytes) -> tuple[bytes, bool]:
        asked.append(line)
        return reply(body=b'{"n": %d}' % len(asked)), False

    async with server(once_each) as port:
        connection = Connection(port, "token")
        bodies = [bytes((await connection.request("GET", f"/{number}")).body) for number in range(3)]
        connection.close()
    assert bodies == [b'{"n": 1}', b'{"n": 2}', b'{"n": 3}']
    assert asked == [b"GET /0 HTTP/1.1", b"GET /1 HTTP/1.1", b"GET /2 HTTP/1.1"]


async def test_a_connection_that_ends_before_its_first_reply_is_an_error() -> None:
    async def nothing(_: bytes) -> tuple[bytes, bool]:
        return b"", False

    async with server(nothing) as port:
        connection = Connection(port, "token")
        with pytest.raises(ConnectionError):
            await connection.request("GET", "/")
        connection.close()
        await asyncio.sleep(0)


async def test_waiting_behind_a_slow_reply_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("accunode_devstack.load.visits.THINKS_SECONDS", (0.05, 0.05))

    async def slow(_: bytes) -> tuple[bytes, bool]:
        await asyncio.sleep(0.2)
        return reply(body=b'{"items": []}'), True

    log = Log()
    async with server(slow) as port:
        await Visitor(port, "token", 1).stay(time.perf_counter() + 0.5, log)
    times = [seconds for each in log.seconds.values() for seconds in each]
    # Each reply takes 0.2 s, and every 0.05 s another thing was meant to begin.
    assert len(times) >= 9
    assert max(times) > 1


async def test_what_is_no_success_is_told_by_operation(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("accunode_devstack.load.visits.THINKS_SECONDS", (0.01, 0.02))

    async def refusing(line: bytes) -> tuple[bytes, bool]:
        return reply(503 if b"dashboard" in line else 200, b'{"items": []}'), True

    async with server(refusing) as port:
        log = await visit(port, ["one", "two"], 0.5)
    assert list(log.failures) == ["503"]
    assert not log.seconds["dashboard"]
    assert log.seconds["list"]


async def test_a_reply_that_comes_too_late_is_not_taken_for_the_next_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("accunode_devstack.load.connection.REPLY_SECONDS", 0.1)

    async def late(line: bytes) -> tuple[bytes, bool]:
        await asyncio.sleep(0.3 if b"/late" in line else 0)
        return reply(body=line.split()[1]), True

    async with server(late) as port:
        connection = Connection(port, "token")
        with pytest.raises(TimeoutError):
            await connection.request("GET", "/late")
        monkeypatch.setattr("accunode_devstack.load.connection.REPLY_SECONDS", 30)
        assert (await connection.request("GET", "/next")).body == b"/next"
        connection.close()


async def test_every_person_asks_for_a_part_of_all_lists_and_dashboards() -> None:
    heads: list[bytes] = []

    async def answer(_: bytes) -> tuple[bytes, bool]:
        return reply(), True

    async with server(answer, heads) as port:
        assert await hammer(port, [f"token-{number}" for number in range(6)], 0.5, callers=2) > 0
    asked = Counter((head.split()[1], head.partition(b"Bearer ")[2].split()[0]) for head in heads)
    assert {path for path, _ in asked} == {b"/api/v1/predictions/annual?limit=10", b"/api/v1/portfolio/dashboard"}
    assert len({token for _, token in asked}) == 6
    assert max(asked.values()) - min(asked.values()) <= max(asked.values()) // 2 + 1


def test_phases_of_a_statement_are_summed_and_lists_of_values_are_one_kind() -> None:
    log = b"""\
2026-01-01 [1] a@b LOG:  duration: 1.000 ms  parse <unnamed>: SELECT id FROM t WHERE id IN ($1, $2)
2026-01-01 [1] a@b LOG:  duration: 2.000 ms  bind s0/p: SELECT id FROM t WHERE id IN ($1, $2, $3)
2026-01-01 [1] a@b LOG:  duration: 3.000 ms  execute s0/p: SELECT id FROM t WHERE id IN ($1, $2)
2026-01-01 [1] a@b LOG:  duration: 4.000 ms  execute <unnamed>: SELECT id FROM t WHERE id IN ($1, $2, $3)
2026-01-01 [1] a@b LOG:  duration: 0.500 ms  statement: BEGIN; SELECT set_config('a', 'b', true)
2026-01-01 [1] a@b LOG:  duration: 9.000 ms  parse <unnamed>: never executed
"""
    first, control = sampled_kinds(log)
    assert first == StatementTimes("SELECT id FROM t WHERE id IN (…)", 2, 5.0)
    assert control.text.startswith("BEGIN")


@pytest.mark.parametrize(("text", "numbers"), [("2000", [2000]), ("500, 250,500", [250, 500])])
def test_steps_are_named_by_numbers(text: str, numbers: list[int]) -> None:
    assert numbers_of_people(text) == numbers


@pytest.mark.parametrize("text", ["", "many", "250,", "39", "10001", "-250", "1e3"])
def test_what_names_no_steps_is_refused(text: str) -> None:
    with pytest.raises(DevstackError, match="250,500,1000"):
        numbers_of_people(text)


def step(people: int, seconds: float, **failures: list[float]) -> Step:
    log = Log(failures=failures)
    log.seconds["list"] = [seconds] * 100
    processor = {"gateway": 0.4, "postgres": 0.1, ASKING: 0.05}
    return Step(people, 10.0, log, processor, Statements("the log", [StatementTimes("SELECT 1", 7, 51.0)]))


def test_the_most_people_that_were_served_within_the_limits_are_told() -> None:
    steps = [step(250, 0.01), step(500, 0.1), step(1000, 0.3), step(2000, 0.1, **{"503": [0.5, 0.7]})]
    load = Load(1000, 2, 100.0, steps)
    assert [each.within for each in steps] == [True, True, False, False]
    assert load.bears == 500
    text = load.text()
    assert "500 people were served within them" in text
    # 5 ms of processor, and half a millisecond of who ask: of two processors, a third of a request a second each.
    assert "at 364 requests/s, or 1,091 people" in text
    assert "\n- 2,000 people, instead of success: 503 2 times after 600 ms." in text
    assert "1 kinds, 1 with a mean of 50 ms or more" in text
    assert "250 people were already too many" in Load(1000, 2, 100.0, [step(250, 1.0)]).text()


def test_people_who_think_keep_their_connections(state: State) -> None:
    endpoints = Endpoints(
        port=1,
        admin_url="postgresql://a:b@127.0.0.1/postgres",
        database="accunode",
        passwords=dict.fromkeys(DatabaseRole, "c"),
        redis_url="redis://127.0.0.1",
        storage_url="file:///nowhere",
        signing_key_file="nowhere",
        mail_url="file:///nowhere",
        embedded=(),
    )
    (gateway, *_) = product_parts(state, endpoints)
    command = gateway.program.command
    assert float(command[command.index("--timeout-keep-alive") + 1]) > 10 * THINKS_SECONDS[1]
