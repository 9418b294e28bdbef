"""Downloads over real sockets: what becomes of the reading when a client waits, or leaves."""

import asyncio
import os
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.responses import StreamingResponse

from accunode_common.http.files import table_reply
from accunode_common.tabular import FileFormat, OutputColumn
from accunode_common.testing.sockets import served

LEAVES = 2.0
"""Seconds within which a reading ends for which nobody waits."""


class Endless:
    """Blocks without end, which cannot be compressed to nothing."""

    def __init__(self) -> None:
        self.given = 0
        self.closed = asyncio.Event()

    async def blocks(self) -> AsyncGenerator[Sequence[Sequence[Any]]]:
        """Each has 5,000 rows."""
        names = [os.urandom(20).hex() for _ in range(5_000)]
        try:
            while True:
                self.given += 1
                yield [names[self.given :] + names[: self.given], [self.given / 7] * 5_000]
        finally:
            self.closed.set()

    async def stands_still(self) -> int:
        """Wait until nothing more is read, and say how many blocks were."""
        while True:
            before = self.given
            await asyncio.sleep(0.5)
            if before == self.given > 0:
                return before


@pytest.fixture
def source() -> Endless:
    return Endless()


@pytest.fixture
async def port(source: Endless) -> AsyncIterator[int]:
    app = FastAPI()

    @app.get("/{file_format}")
    async def download(file_format: FileFormat) -> StreamingResponse:
        columns = [OutputColumn("company"), OutputColumn("pd", "number")]
        return await table_reply(file_format, columns, source.blocks(), name="book")

    async with served(app) as port:
        yield port


@pytest.mark.parametrize("file_format", list(FileFormat))
async def test_a_client_that_waits_stops_the_reading_and_one_that_leaves_ends_it(
    port: int, source: Endless, file_format: FileFormat
) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=4096)
    writer.write(f"GET /{file_format} HTTP/1.1\r\nHost: a\r\n\r\n".encode())
    async with asyncio.timeout(30):
        await reader.readuntil(b"\r\n\r\n")
        before = await source.stands_still()
        assert not source.closed.is_set()
    writer.transport.abort()
    async with asyncio.timeout(LEAVES):
        await source.closed.wait()
    assert source.given <= before + 1


@pytest.mark.parametrize("file_format", list(FileFormat))
async def test_a_client_that_leaves_while_it_reads_ends_the_reading(
    port: int, source: Endless, file_format: FileFormat
) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(f"GET /{file_format} HTTP/1.1\r\nHost: a\r\n\r\n".encode())
    async with asyncio.timeout(30):
        received = 0
        while received < 3_000_000:
            received += len(await reader.read(256 * 1024))
    writer.transport.abort()
    async with asyncio.timeout(LEAVES):
        await source.closed.wait()
