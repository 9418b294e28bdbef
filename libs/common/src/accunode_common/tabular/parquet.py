"""Parquet files, one batch of records at a time; texts stay in their dictionaries, however often they are repeated."""

from collections.abc import Iterator, Sequence
from typing import Any, BinaryIO

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from accunode_common.tabular.detect import damaged
from accunode_common.tabular.errors import TabularError, TabularErrorCode
from accunode_common.tabular.model import BLOCK_ROWS, Cell, FileFormat, Limits, RowBlock, Table

_DAMAGE = (pa.ArrowException, OSError, ValueError, OverflowError)
_METADATA_LIMITS = {"thrift_string_size_limit": 16 * 1024 * 1024, "thrift_container_size_limit": 100_000}
_STREAMED = {"pre_buffer": False, "buffer_size": 64 * 1024}
_PLAIN = (
    pa.types.is_boolean,
    pa.types.is_integer,
    pa.types.is_floating,
    pa.types.is_decimal,
    pa.types.is_temporal,
    pa.types.is_null,
)
_TEXTS = (
    pa.types.is_string,
    pa.types.is_large_string,
    pa.types.is_string_view,
    pa.types.is_binary,
    pa.types.is_large_binary,
    pa.types.is_binary_view,
)


class ParquetTable(Table):
    """A Parquet file: line 0 holds the column names, line n the nth record."""

    format = FileFormat.PARQUET
    has_header_line = False

    def __init__(self, source: BinaryIO, limits: Limits) -> None:
        super().__init__()
        self._limits = limits
        self._chars = 0
        try:
            plain = pq.ParquetFile(source, **_METADATA_LIMITS, **_STREAMED)
            metadata, schema = plain.metadata, plain.schema_arrow
            unpacked = sum(metadata.row_group(i).total_byte_size for i in range(metadata.num_row_groups))
        except _DAMAGE as error:
            raise damaged("Parquet file", error) from error
        self._check(schema, metadata.num_rows, unpacked)
        texts = [field.name for field in schema if any(is_kind(field.type) for is_kind in _TEXTS)]
        self._file = pq.ParquetFile(source, metadata=metadata, read_dictionary=texts, **_METADATA_LIMITS, **_STREAMED)

    def close(self) -> None:
        self._file.close()
        super().close()

    def blocks(self, size: int = BLOCK_ROWS) -> Iterator[RowBlock]:
        yield RowBlock([0], [list(self._file.schema_arrow.names)])
        batches = self._file.iter_batches(batch_size=size, use_threads=False)
        line = 1
        while True:
            try:
                batch = next(batches, None)
                rows = [] if batch is None else self._rows(batch)
            except _DAMAGE as error:
                raise damaged("Parquet file", error) from error
            if batch is None:
                return
            # What a file declares need not be what it holds.
            self._check_rows(line - 1 + len(rows))
            if rows:
                yield RowBlock(list(range(line, line + len(rows))), rows)
                line += len(rows)

    def _check(self, schema: Any, rows: int, unpacked: int) -> None:
        limits = self._limits
        self._check_rows(rows)
        if len(schema) > limits.max_columns:
            raise TabularError(
                TabularErrorCode.TOO_MANY_COLUMNS,
                f"The file has more than {limits.max_columns} columns; remove the columns that are not needed.",
            )
        if unpacked > limits.max_uncompressed_bytes:
            raise TabularError(
                TabularErrorCode.FILE_TOO_LARGE,
                f"The file unpacks to {unpacked:,} bytes, more than is allowed; split it and upload the parts.",
            )
        for field in schema:
            kind = field.type.value_type if pa.types.is_dictionary(field.type) else field.type
            if not any(is_kind(kind) for is_kind in (*_PLAIN, *_TEXTS)):
                raise TabularError(
                    TabularErrorCode.UNSUPPORTED_FORMAT,
                    f"The column {field.name[:100]} holds neither texts, numbers nor dates; write the file without it.",
                )

    def _check_rows(self, rows: int) -> None:
        if rows >= self._limits.max_rows:
            raise TabularError(
                TabularErrorCode.TOO_MANY_ROWS,
                f"The file has {rows:,} rows, more than {self._limits.max_rows - 1:,}; split it.",
            )

    def _rows(self, batch: Any) -> list[Sequence[Cell]]:
        return list(zip(*(self._values(column) for column in batch.columns), strict=True))

    def _values(self, column: Any) -> list[Cell]:
        kind = column.type
        if any(is_kind(kind) for is_kind in _TEXTS):
            column = column.dictionary_encode()
        if pa.types.is_dictionary(column.type):
            return self._looked_up(column)
        if pa.types.is_float32(kind) or pa.types.is_float16(kind):
            # Widening the bits would show 12.34 as 12.34000015258789; its digits are what was meant.
            column = column.cast(pa.float32()).cast(pa.string()).cast(pa.float64())
        values: list[Cell] = column.to_pylist()
        return values

    def _looked_up(self, column: Any) -> list[Cell]:
        """The values of a column with a dictionary, of which each that occurs is made once."""
        indices = column.indices.fill_null(-1).to_numpy(zero_copy_only=False)
        used, places, counts = np.unique(indices, return_inverse=True, return_counts=True)
        found = column.dictionary.take(pa.array(used, mask=used < 0))
        if any(is_kind(found.type) for is_kind in _TEXTS):
            self._check_texts(found, counts)
            found = found.cast(pa.large_binary()).cast(pa.large_string())
        values: list[Cell] = found.to_pylist()
        return [values[place] for place in places.tolist()]

    def _check_texts(self, found: Any, counts: Any) -> None:
        limits = self._limits
        lengths = pc.binary_length(found.cast(pa.large_binary())).fill_null(0).to_numpy(zero_copy_only=False)
        if lengths.max(initial=0) > limits.max_cell_chars:
            raise TabularError(
                TabularErrorCode.CELL_TOO_LONG,
                f"The file has a cell of more than {limits.max_cell_chars:,} characters; shorten it.",
            )
        self._chars += int(lengths @ counts)
        if self._chars > limits.max_text_chars:
            raise TabularError(
                TabularErrorCode.FILE_TOO_LARGE,
                f"The texts of the file have more than {limits.max_text_chars:,} characters in all; split it and "
                "upload the parts.",
            )
