"""Parquet files, one batch of records at a time."""

from collections.abc import Iterator, Sequence
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq

from accunode_common.tabular.detect import damaged
from accunode_common.tabular.errors import TabularError, TabularErrorCode
from accunode_common.tabular.model import BLOCK_ROWS, Cell, FileFormat, Limits, RowBlock, Table

_DAMAGE = (pa.ArrowException, OSError, ValueError)


class ParquetTable(Table):
    """A Parquet file: line 0 holds the column names, line n the nth record."""

    format = FileFormat.PARQUET
    has_header_line = False

    def __init__(self, source: BinaryIO, limits: Limits) -> None:
        super().__init__()
        try:
            self._file = pq.ParquetFile(source)
            metadata = self._file.metadata
            unpacked = sum(metadata.row_group(i).total_byte_size for i in range(metadata.num_row_groups))
        except _DAMAGE as error:
            raise damaged("Parquet file", error) from error
        if metadata.num_rows >= limits.max_rows:
            raise TabularError(
                TabularErrorCode.TOO_MANY_ROWS,
                f"The file has {metadata.num_rows:,} rows, more than {limits.max_rows - 1:,}; split it.",
            )
        if len(self._file.schema_arrow) > limits.max_columns:
            raise TabularError(
                TabularErrorCode.TOO_MANY_COLUMNS,
                f"The file has more than {limits.max_columns} columns; remove the columns that are not needed.",
            )
        if unpacked > limits.max_uncompressed_bytes:
            raise TabularError(
                TabularErrorCode.FILE_TOO_LARGE,
                f"The file unpacks to {unpacked:,} bytes, more than is allowed; split it and upload the parts.",
            )
        self._limits = limits

    def close(self) -> None:
        self._file.close()
        super().close()

    def blocks(self, size: int = BLOCK_ROWS) -> Iterator[RowBlock]:
        yield RowBlock([0], [list(self._file.schema_arrow.names)])
        batches = self._file.iter_batches(batch_size=size)
        line = 1
        while True:
            try:
                batch = next(batches, None)
                rows = [] if batch is None else _rows(batch)
            except _DAMAGE as error:
                raise damaged("Parquet file", error) from error
            if batch is None:
                return
            if rows:
                yield RowBlock(list(range(line, line + len(rows))), rows)
                line += len(rows)


def _rows(batch: Any) -> list[Sequence[Cell]]:
    return list(zip(*(_values(column) for column in batch.columns), strict=True))


def _values(column: Any) -> list[Cell]:
    kind = column.type
    if pa.types.is_float32(kind) or pa.types.is_float16(kind):
        # Widening the bits would show 12.34 as 12.34000015258789; its digits are what was meant.
        column = column.cast(pa.float32()).cast(pa.string()).cast(pa.float64())
    values: list[Cell] = column.to_pylist()
    return values
