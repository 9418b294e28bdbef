"""Streams a filtered list of predictions as a file."""

import asyncio
import io
import tempfile
from collections.abc import AsyncIterator, Sequence
from typing import IO, Any

from accunode_common.auth.subject import Subject
from accunode_common.db.session import Database
from accunode_common.errors import UnprocessableInputError
from accunode_common.tabular import FileFormat, OutputColumn, TableWriter, open_writer
from accunode_predictions.fields import StoredKind, columns_of
from accunode_predictions.predictions.exports import repository
from accunode_predictions.predictions.exports.schemas import ExportFilters
from accunode_scoring import Kind

BLOCK_ROWS = 2000
_CHUNK_BYTES = 256 * 1024
_SPOOL_BYTES = 8 * 1024 * 1024


def output_columns(kind: Kind) -> tuple[OutputColumn, ...]:
    """The columns of an export, in order. Ratios have the names of the upload template."""
    return (
        OutputColumn("prediction_id"),
        OutputColumn("company_id"),
        OutputColumn("company_name"),
        OutputColumn("symbol"),
        OutputColumn("sector"),
        OutputColumn("fiscal_year", "integer"),
        *([OutputColumn("fiscal_quarter", "integer")] if kind is Kind.QUARTERLY else []),
        *(OutputColumn(name, "number") for name in columns_of(kind)),
        *(OutputColumn(name, "number") for name in repository.PROBABILITIES),
        OutputColumn("grade"),
        OutputColumn("risk_level"),
        OutputColumn("reason_codes"),
        OutputColumn("flags"),
        OutputColumn("model_version"),
        OutputColumn("access_level"),
        OutputColumn("created_at", "timestamp"),
        OutputColumn("updated_at", "timestamp"),
    )


def check(kind: StoredKind, filters: ExportFilters) -> None:
    """Refuse filters that the kind does not have.

    Raises:
        UnprocessableInputError: A quarter was asked of annual predictions.
    """
    if kind is StoredKind.ANNUAL and filters.fiscal_quarter is not None:
        raise UnprocessableInputError.at(
            "/query/fiscal_quarter", "unknown_parameter", "Annual predictions have no quarter."
        )


async def open_stream(
    database: Database, subject: Subject, kind: StoredKind, filters: ExportFilters
) -> AsyncIterator[bytes]:
    """The file in chunks. What fails before the first chunk fails here, where it can still be told."""
    chunks = _chunks(database, subject, kind, filters)
    first = await anext(chunks)
    return _with_first(first, chunks)


async def _with_first(first: bytes, rest: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield first
    async for chunk in rest:
        yield chunk


async def _chunks(
    database: Database, subject: Subject, kind: StoredKind, filters: ExportFilters
) -> AsyncIterator[bytes]:
    columns = output_columns(Kind(kind.value))
    sink: IO[bytes]
    with io.BytesIO() if filters.format is FileFormat.CSV else tempfile.SpooledTemporaryFile(_SPOOL_BYTES) as sink:
        with open_writer(filters.format, sink, columns, bom=True) as writer:
            async for rows in repository.blocks(database, subject, kind, filters, BLOCK_ROWS):
                await asyncio.to_thread(_write, writer, rows)
                if isinstance(sink, io.BytesIO):
                    yield _drain(sink)
        if isinstance(sink, io.BytesIO):
            yield _drain(sink)
            return
        sink.seek(0)
        while chunk := await asyncio.to_thread(sink.read, _CHUNK_BYTES):
            yield chunk


def _write(writer: TableWriter, rows: Sequence[Sequence[Any]]) -> None:
    writer.write([_cells(row) for row in rows])


def _cells(row: Sequence[Any]) -> list[Any]:
    return [" ".join(cell) if isinstance(cell, list) else cell for cell in row]


def _drain(sink: io.BytesIO) -> bytes:
    chunk = sink.getvalue()
    sink.seek(0)
    sink.truncate()
    return chunk
