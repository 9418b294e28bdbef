"""Downloads: they go out while rows come in, and what fails early is told."""

from collections.abc import AsyncGenerator
from typing import Any

import pytest

from accunode_common.errors import UnprocessableInputError
from accunode_common.http.files import table_reply
from accunode_common.tabular import FileFormat, OutputColumn

COLUMNS = [OutputColumn("company"), OutputColumn("pd", "number")]


class Source:
    """Blocks of rows without end, or with one."""

    def __init__(self, blocks: int | None = None) -> None:
        self.given = 0
        self.closed = False
        self._blocks = blocks

    async def rows(self) -> AsyncGenerator[list[list[Any]]]:
        """The blocks."""
        try:
            while self.given != self._blocks:
                self.given += 1
                yield [["Acme", 0.5]] * 100
        finally:
            self.closed = True


async def test_a_csv_goes_out_while_rows_come_in_and_a_client_that_leaves_ends_the_reading() -> None:
    source = Source()
    reply = await table_reply(FileFormat.CSV, COLUMNS, source.rows(), name="book")
    assert reply.headers["content-disposition"] == 'attachment; filename="book.csv"'
    chunks: Any = reply.body_iterator
    assert (await anext(chunks)).startswith(b"\xef\xbb\xbfcompany,pd\r\nAcme,0.5\r\n")
    await anext(chunks)
    assert source.given == 2
    await chunks.aclose()
    assert source.closed


@pytest.mark.parametrize("file_format", list(FileFormat))
async def test_a_file_without_rows_is_whole(file_format: FileFormat) -> None:
    reply = await table_reply(file_format, COLUMNS, Source(0).rows(), name="book")
    assert [chunk async for chunk in reply.body_iterator if chunk]


async def test_more_rows_than_a_sheet_holds_are_refused_before_the_reply(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("accunode_common.tabular.writers._XLSX_MAX_ROWS", 150)
    source = Source(2)
    with pytest.raises(UnprocessableInputError) as refused:
        await table_reply(FileFormat.XLSX, COLUMNS, source.rows(), name="book")
    (fault,) = refused.value.errors
    assert (fault.pointer, fault.code) == ("/query/format", "too_many_rows")
    assert source.closed


async def test_a_reading_that_fails_at_once_fails_before_the_reply() -> None:
    async def failing() -> AsyncGenerator[list[list[Any]]]:
        raise ConnectionError
        yield []

    with pytest.raises(ConnectionError):
        await table_reply(FileFormat.CSV, COLUMNS, failing(), name="book")
