"""Connections of clients that send half a request, over real sockets."""

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest

from accunode_common.http.protocol import CautiousProtocol
from accunode_common.testing.sockets import served


class Hasty(CautiousProtocol):
    head_seconds = 0.3


async def application(scope: Any, receive: Any, send: Any) -> None:
    """Answers at once, without waiting for the body."""
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
    await send({"type": "http.response.body", "body": b"ok"})


@pytest.fixture
async def port() -> AsyncIterator[int]:
    async with served(application, Hasty) as port:
        yield port


HEAD = b"GET / HTTP/1.1\r\nHost: a\r\n"
WHOLE = HEAD + b"\r\n"
POST = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n"


@pytest.mark.parametrize("sent", [b"", b"G", HEAD, HEAD + b"X: y", WHOLE + HEAD, POST, POST + b"x"])
async def test_a_connection_that_sends_half_a_request_is_closed(port: int, sent: bytes) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(sent)
    began = time.monotonic()
    answer = await asyncio.wait_for(reader.read(), 5)
    assert time.monotonic() - began >= 0.2
    assert answer.count(b"200 OK") == (sent[:1] == b"P" or sent.startswith(WHOLE))
    writer.close()


async def test_a_head_that_drips_is_closed(port: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(HEAD)
    closed = asyncio.create_task(reader.read())
    began = time.monotonic()
    while not closed.done() and time.monotonic() - began < 5:
        try:
            writer.write(b"X: y\r\n")
            await writer.drain()
        except ConnectionError:
            break
        await asyncio.sleep(0.05)
    assert time.monotonic() - began < 2
    closed.cancel()
    writer.close()


async def test_whole_requests_go_on_over_one_connection_past_the_time_of_a_head(port: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for _ in range(5):
        writer.write(WHOLE)
        assert b"200 OK" in await asyncio.wait_for(reader.readuntil(b"ok"), 2)
        await asyncio.sleep(0.15)
    writer.close()
