"""Writes Parquet as its rows come: a row group leaves when it is whole, and only the last part waits for the end."""

from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from queue import SimpleQueue
from threading import Semaphore
from typing import IO, Any

from accunode_common.tabular.casts import MomentTexts, NumberTexts
from accunode_common.tabular.model import BLOCK_ROWS
from accunode_common.tabular.writer import Columns, OutputColumn, TableWriter

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class ParquetWriter(TableWriter):
    """Typed columns, Zstandard; each `BLOCK_ROWS` rows are a row group.

    It stands on arro3: services that write Parquet would be twice their size with pyarrow. arro3 asks for rows until
    there are no more, so it runs in a thread of its own; of it and the caller one always waits for the other.
    """

    def __init__(self, sink: IO[bytes], columns: Sequence[OutputColumn]) -> None:
        from arro3 import core

        types = {
            "text": core.DataType.utf8(),
            "number": core.DataType.float64(),
            "integer": core.DataType.int64(),
            "boolean": core.DataType.bool(),
            "timestamp": core.DataType.timestamp("us", tz="UTC"),
        }
        self._core = core
        self._types = [(column.type, types[column.type]) for column in columns]
        self._schema = core.Schema([core.Field(column.heading, types[column.type]) for column in columns])
        self._batches: SimpleQueue[Any] = SimpleQueue()
        self._waits = Semaphore(0)
        thread = ThreadPoolExecutor(1, thread_name_prefix="parquet")
        self._written: Future[None] = thread.submit(self._write_all, sink)
        self._written.add_done_callback(lambda _: self._waits.release())
        thread.shutdown(wait=False)
        self._wait()

    def write_columns(self, columns: Columns) -> None:
        if not columns:
            return
        arrays = [
            self._array(kind, arrow_type, cells) for (kind, arrow_type), cells in zip(self._types, columns, strict=True)
        ]
        self._batches.put(self._core.RecordBatch(arrays, schema=self._schema))
        self._wait()

    def finish(self) -> None:
        self._batches.put(None)
        self._written.result()

    def abandon(self) -> None:
        self._batches.put(_AbandonedError())
        self._written.exception()

    def _wait(self) -> None:
        """Wait until all that was given is written, except for a row group that is not whole."""
        self._waits.acquire()
        if self._written.done():
            self._written.result()

    def _write_all(self, sink: IO[bytes]) -> None:
        from arro3.io import write_parquet

        reader = self._core.RecordBatchReader.from_batches(self._schema, self._arriving())
        write_parquet(reader, sink, compression="zstd(3)", max_row_group_size=BLOCK_ROWS)

    def _arriving(self) -> Iterator[Any]:
        while True:
            self._waits.release()
            batch = self._batches.get()
            if batch is None:
                return
            if isinstance(batch, _AbandonedError):
                raise batch
            yield batch

    def _array(self, kind: str, arrow_type: Any, cells: Sequence[Any]) -> Any:
        if isinstance(cells, NumberTexts | MomentTexts):
            return self._core.Array(cells, self._core.DataType.utf8()).cast(arrow_type)
        if kind != "timestamp":
            return self._core.Array(cells, arrow_type)
        microseconds = [None if cell is None else _microseconds(cell) for cell in cells]
        return self._core.Array(microseconds, self._core.DataType.int64()).cast(arrow_type)


class _AbandonedError(Exception):
    """The file will not be completed."""


def _microseconds(moment: datetime) -> int:
    return (moment - _EPOCH) // timedelta(microseconds=1)
