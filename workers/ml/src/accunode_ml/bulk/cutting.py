"""Cuts the accepted rows of a file into chunks of one size, holding no more than one chunk and one block."""

from collections.abc import Iterator

import pyarrow as pa


class Cutter:
    """Takes blocks of accepted rows in their order, and gives chunks with their numbers, from 1."""

    def __init__(self, chunk_rows: int) -> None:
        self._chunk_rows = chunk_rows
        self._waiting: list[pa.Table] = []
        self._waiting_rows = 0
        self._number = 0

    def add(self, accepted: pa.Table) -> Iterator[tuple[int, pa.Table]]:
        """The chunks that these rows complete."""
        if not accepted.num_rows:
            return
        self._waiting.append(accepted)
        self._waiting_rows += accepted.num_rows
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
