"""Cuts the accepted rows of a file into chunks of one size, holding no more than one chunk and one block."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from accunode_ml.bulk.chunk_file import chunk_schema
from accunode_ml.ingest import CleanBlock
from accunode_scoring import RATIOS, Kind


class Cutter:
    """Takes blocks of a file in their order, and gives chunks with their numbers, from 1."""

    def __init__(self, kind: Kind, chunk_rows: int) -> None:
        self._kind = kind
        self._schema = chunk_schema(kind)
        self._chunk_rows = chunk_rows
        self._waiting: list[pa.Table] = []
        self._waiting_rows = 0
        self._number = 0

    def add(self, block: CleanBlock) -> Iterator[tuple[int, pa.Table]]:
        """The chunks that this block completes."""
        if not len(block.lines):
            return
        self._waiting.append(self._table(block))
        self._waiting_rows += len(block.lines)
        if self._waiting_rows < self._chunk_rows:
            return
        rows = pa.concat_tables(self._waiting).combine_chunks()
        start = 0
        while rows.num_rows - start >= self._chunk_rows:
            yield self._next(rows.slice(start, self._chunk_rows))
            start += self._chunk_rows
        rest = rows.slice(start)
        self._waiting, self._waiting_rows = ([rest], rest.num_rows) if rest.num_rows else ([], 0)

    def rest(self) -> Iterator[tuple[int, pa.Table]]:
        """The last chunk, if rows are left."""
        if self._waiting_rows:
            yield self._next(pa.concat_tables(self._waiting).combine_chunks())
            self._waiting, self._waiting_rows = [], 0

    def _next(self, rows: pa.Table) -> tuple[int, pa.Table]:
        self._number += 1
        return self._number, rows

    def _table(self, block: CleanBlock) -> pa.Table:
        ratios = {ratio.name: _nullable(block.ratios[:, place]) for place, ratio in enumerate(RATIOS[self._kind])}
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
        return pa.table(columns, schema=self._schema)


def _nullable(values: NDArray[np.float64]) -> pa.Array:
    return pa.array(values, mask=np.isnan(values))
