"""Downloads: they go out while rows come in, and what fails early is told."""

from collections.abc import AsyncGenerator
from typing import Any

import pytest

from accunode_common.http.files import table_reply
from accunode_common.tabular import FileFormat, OutputColumn

COLUMNS = [OutputColumn("company"), OutputColumn("pd", "number")]


class Source:
    """Blocks of rows without end, or with one."""

    def __init__(self, blocks: int | None = None) -> None:
        self.given = 0
        self.closed = False
        self._blocks = blocks

    async def blocks(self) -> AsyncGenerator[list[list[Any]]]:
        """Each has a hundred rows."""
        try:
            while self.given != self._blocks:
                self.given += 1
                yield [["Acme"] * 100, [0.5] * 100]
        finally:
            self.closed = True


@pytest.mark.parametrize("file_format", [FileFormat.CSV, FileFormat.XLSX])
async def test_a_file_goes_out_while_rows_come_in_and_a_client_that_leaves_ends_the_reading(
    file_format: FileFormat,
) -> None:
    source = Source()
    reply = await table_reply(file_format, COLUMNS, source.blocks(), name="book")
    assert reply.headers["content-disposition"] == f'attachment; filename="book.{file_format.value}"'
    chunks: Any = reply.body_iterator
    begins = b"\xef\xbb\xbfcompany,pd\r\nAcme,0.5\r\n" if file_format is FileFormat.CSV else b"PK"
    assert (await anext(chunks)).startswith(begins)
    await anext(chunks)
    assert source.given == 3, "one more is read ahead"
    await chunks.aclose()
    assert source.closed


@pytest.mark.parametrize("file_format", list(FileFormat))
async def test_a_file_without_rows_is_whole(file_format: FileFormat) -> None:
    reply = await table_reply(file_format, COLUMNS, Source(0).blocks(), name="book")
    assert [chunk async for chunk in reply.body_iterator if chunk]


async def test_a_reading_that_fails_at_once_fails_before_the_reply() -> None:
    async def failing() -> AsyncGenerator[list[list[Any]]]:
        raise ConnectionError
        yield []

    with pytest.raises(ConnectionError):
        await table_reply(FileFormat.CSV, COLUMNS, failing(), name="book")
