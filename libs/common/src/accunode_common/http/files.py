"""Tables as downloads, streamed: CSV as its rows come, the other formats when they are complete."""

import asyncio
import io
import tempfile
from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Sequence
from contextlib import aclosing
from typing import IO

from fastapi.responses import StreamingResponse

from accunode_common.errors import UnprocessableInputError
from accunode_common.tabular import Cell, FileFormat, OutputColumn, TabularError, open_writer

_CHUNK_BYTES = 256 * 1024
_SPOOL_BYTES = 8 * 1024 * 1024

Blocks = AsyncGenerator[Iterable[Sequence[Cell]]]
"""Rows as they are read, some thousands at a time."""


async def table_reply(
    file_format: FileFormat, columns: Sequence[OutputColumn], blocks: Blocks, *, name: str
) -> StreamingResponse:
    """The table as a file called `name`. What fails before its first chunk fails here, where it can still be told.

    Raises:
        UnprocessableInputError: The format does not hold so many rows.
    """
    chunks = _chunks(file_format, columns, blocks)
    try:
        first = await anext(chunks)
    except TabularError as error:
        raise UnprocessableInputError.at("/query/format", error.code.value, error.message) from None
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
    sink: IO[bytes]
    with io.BytesIO() if file_format is FileFormat.CSV else tempfile.SpooledTemporaryFile(_SPOOL_BYTES) as sink:
        async with aclosing(blocks):
            with open_writer(file_format, sink, columns, bom=True) as writer:
                async for rows in blocks:
                    await asyncio.to_thread(writer.write, rows)
                    if isinstance(sink, io.BytesIO):
                        yield _drain(sink)
        if isinstance(sink, io.BytesIO):
            if rest := _drain(sink):
                yield rest
            return
        sink.seek(0)
        while chunk := await asyncio.to_thread(sink.read, _CHUNK_BYTES):
            yield chunk


def _drain(sink: io.BytesIO) -> bytes:
    chunk = sink.getvalue()
    sink.seek(0)
    sink.truncate()
    return chunk
