"""Reads an upload in a process of its own, and hands its rows to the worker block by block.

A block travels as one Arrow stream: its accepted rows, and in the schema's metadata the rejected and skipped ones.
"""

import json
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, BinaryIO

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from accunode_common.tabular.confined import Allowance, Reading, confined
from accunode_ml.ingest.clean import clean_file
from accunode_ml.ingest.model import CleanBlock, Problem, RejectCode, RejectedRow, SkipCode, SkippedRow
from accunode_scoring import RATIOS, Kind

_IDENTITY = (
    ("row_number", pa.int32()),
    ("name", pa.string()),
    ("name_key", pa.string()),
    ("symbol", pa.string()),
    ("external_id", pa.string()),
    ("sector", pa.string()),
    ("market_cap", pa.float64()),
    ("currency", pa.string()),
    ("fiscal_year", pa.int16()),
    ("fiscal_quarter", pa.int8()),
)
_REJECTED, _SKIPPED = b"rejected", b"skipped"
_TARGET = f"{__name__}:read"


@dataclass(frozen=True, slots=True)
class ReadBlock:
    """Consecutive rows of a file: the accepted ones as a table of `rows_schema`, the others one by one."""

    accepted: pa.Table
    rejected: list[RejectedRow]
    skipped: list[SkippedRow]

    @property
    def rows(self) -> int:
        """How many rows there are in all."""
        return int(self.accepted.num_rows) + len(self.rejected) + len(self.skipped)


def rows_schema(kind: Kind) -> pa.Schema:
    """Columns of accepted rows: which row, whose, for which period, and the kind's inputs, null where missing."""
    return pa.schema([*_IDENTITY, *((ratio.name, pa.float64()) for ratio in RATIOS[kind])])


@contextmanager
def reading_of(source: BinaryIO, kind: Kind, allowance: Allowance) -> Iterator[Reading]:
    """Begin to read an upload; `blocks` gives its rows, and then the reading's `result` is the report on the file."""
    with confined(_TARGET, source, {"kind": kind}, allowance) as reading:
        yield reading


def blocks(reading: Reading, *, pause: float) -> Iterator[ReadBlock | None]:
    """The rows of the file; None whenever nothing comes for `pause` seconds.

    Raises:
        TabularError: The file is refused.
        ReaderDiedError: The process died of something else.
    """
    for frame in reading.frames(pause=pause):
        yield None if frame is None else _unpack(frame)


def read(source: BinaryIO, *, kind: str) -> Generator[bytes, None, dict[str, Any]]:
    """The other process's part: the file's blocks as bytes, then the report."""
    with clean_file(source, Kind(kind)) as file:
        for block in file:
            yield _pack(block, Kind(kind))
        return file.report.as_dict()


def _pack(block: CleanBlock, kind: Kind) -> bytes:
    rejected = [
        (row.line, row.company, [(p.code, p.column, p.message, p.value) for p in row.problems])
        for row in block.rejected
    ]
    skipped = [(row.line, row.company, row.code, row.message) for row in block.skipped]
    notes = {_REJECTED: json.dumps(rejected), _SKIPPED: json.dumps(skipped)}
    table = _table(block, kind).replace_schema_metadata(notes)
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as stream:
        stream.write_table(table)
    return bytes(sink.getvalue())


def _unpack(frame: bytes) -> ReadBlock:
    table = pa.ipc.open_stream(frame).read_all()
    notes = table.schema.metadata
    rejected = [
        RejectedRow(line, company, tuple(Problem(RejectCode(code), *rest) for code, *rest in problems))
        for line, company, problems in json.loads(notes[_REJECTED])
    ]
    skipped = [
        SkippedRow(line, company, SkipCode(code), message)
        for line, company, code, message in json.loads(notes[_SKIPPED])
    ]
    return ReadBlock(table.replace_schema_metadata(None), rejected, skipped)


def _table(block: CleanBlock, kind: Kind) -> pa.Table:
    ratios = {ratio.name: _nullable(block.ratios[:, place]) for place, ratio in enumerate(RATIOS[kind])}
    quarters = pa.array(block.fiscal_quarters, mask=block.fiscal_quarters == 0)
    columns: dict[str, Any] = {
        "row_number": block.lines.astype(np.int32),
        "name": block.companies,
        "name_key": block.company_keys,
        "symbol": block.symbols,
        "external_id": block.external_ids,
        "sector": block.sectors,
        "market_cap": _nullable(block.market_caps),
        "currency": block.currencies,
        "fiscal_year": block.fiscal_years,
        "fiscal_quarter": quarters,
        **ratios,
    }
    return pa.table(columns, schema=rows_schema(kind))


def _nullable(values: NDArray[np.float64]) -> pa.Array:
    return pa.array(values, mask=np.isnan(values))
