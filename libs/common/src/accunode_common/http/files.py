"""Tables as downloads, streamed as their rows come."""

import asyncio
import io
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing

from fastapi.concurrency import run_in_threadpool
from fastapi.responses import StreamingResponse

from accunode_common.tabular import Columns, FileFormat, OutputColumn, open_writer

Blocks = AsyncGenerator[Columns]
"""Rows as they are read, some thousands at a time, by their columns."""


async def table_reply(
    file_format: FileFormat, columns: Sequence[OutputColumn], blocks: Blocks, *, name: str
) -> StreamingResponse:
    """The table as a file called `name`. What fails before its first chunk fails here, where it can still be told."""
    chunks = _chunks(file_format, columns, blocks)
    first = await anext(chunks)
    return StreamingResponse(
        _resumed(first, chunks),
        media_type=file_format.media_type,
        headers={"Content-Disposition": f'attachment; filename="{name}.{file_format.value}"'},
    )


async def _resumed(first: bytes, rest: AsyncGenerator[bytes]) -> AsyncIterator[bytes]:
    async with aclosing(rest):
        yield first
        async for chunk in rest:
            yield chunk


async def _chunks(file_format: FileFormat, columns: Sequence[OutputColumn], blocks: Blocks) -> AsyncGenerator[bytes]:
    with io.BytesIO() as sink:
        async with aclosing(_ahead(blocks)) as read:
            with open_writer(file_format, sink, columns, bom=True) as writer:
                async for block in read:
                    # Whoever leaves meanwhile is waited for: a writer is not given up while it writes.
                    await run_in_threadpool(writer.write_columns, block)
                    yield _drain(sink)
        yield _drain(sink)


async def _ahead(blocks: Blocks) -> Blocks:
    """The same blocks, each read while the one before it is written and sent."""
    reading = asyncio.ensure_future(anext(blocks, None))
    try:
        while (block := await reading) is not None:
            reading = asyncio.ensure_future(anext(blocks, None))
            yield block
    finally:
        # Its own task, as whoever reads may be cancelled again and again until it ends.
        await asyncio.shield(asyncio.create_task(_end(reading, blocks)))


async def _end(reading: asyncio.Future[Columns | None], blocks: Blocks) -> None:
    reading.cancel()
    await asyncio.gather(reading, return_exceptions=True)
    await blocks.aclose()


def _drain(sink: io.BytesIO) -> bytes:
    chunk = sink.getvalue()
    sink.seek(0)
    sink.truncate()
    return chunk
