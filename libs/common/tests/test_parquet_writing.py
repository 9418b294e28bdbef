"""Parquet files as the services write them, read back by another library."""

import io
import threading
import time
from datetime import UTC, datetime

import pyarrow.parquet as pq

from accunode_common.tabular import BLOCK_ROWS, FileFormat, OutputColumn, open_writer

COLUMNS = (
    OutputColumn("name"),
    OutputColumn("pd", "number"),
    OutputColumn("year", "integer"),
    OutputColumn("listed", "boolean"),
    OutputColumn("at", "timestamp"),
)
ROW = ["Åland Zinc", 0.125, 2024, True, datetime(2025, 3, 1, 12, 30, 0, 250, tzinfo=UTC)]


def _read(*blocks: list[list[object]]) -> pq.ParquetFile:
    sink = io.BytesIO()
    with open_writer(FileFormat.PARQUET, sink, COLUMNS) as writer:
        for rows in blocks:
            writer.write(rows)
    sink.seek(0)
    return pq.ParquetFile(sink)


def test_every_type_and_every_gap_comes_back() -> None:
    file = _read([ROW], [[None] * 5])
    first, second = file.read().to_pylist()
    assert list(first.values()) == ROW
    assert list(second.values()) == [None] * 5
    assert [str(field.type) for field in file.schema_arrow] == [
        "string",
        "double",
        "int64",
        "bool",
        "timestamp[us, tz=UTC]",
    ]


def test_a_file_without_rows_still_has_its_columns() -> None:
    file = _read()
    assert file.metadata.num_rows == 0
    assert file.schema_arrow.names == [column.heading for column in COLUMNS]


def test_rows_are_cut_into_row_groups() -> None:
    file = _read([ROW] * (BLOCK_ROWS + 1))
    assert [file.metadata.row_group(i).num_rows for i in range(file.metadata.num_row_groups)] == [BLOCK_ROWS, 1]


def test_a_row_group_leaves_when_it_is_whole() -> None:
    sink = io.BytesIO()
    with open_writer(FileFormat.PARQUET, sink, COLUMNS) as writer:
        sizes = []
        for block in range(4):
            writer.write([[f"Company {block} {number}", *ROW[1:]] for number in range(BLOCK_ROWS // 2)])
            sizes.append(sink.tell())
    assert sizes[0] == 0
    assert 0 < sizes[1] == sizes[2] < sizes[3]
    sink.seek(0)
    assert pq.read_table(sink).num_rows == 2 * BLOCK_ROWS


def test_a_file_that_is_given_up_leaves_no_thread_behind() -> None:
    before = threading.active_count()
    writer = open_writer(FileFormat.PARQUET, io.BytesIO(), COLUMNS)
    writer.write([ROW])
    assert threading.active_count() == before + 1
    writer.abandon()
    deadline = time.monotonic() + 5
    while threading.active_count() > before and time.monotonic() < deadline:
        time.sleep(0.01)
    assert threading.active_count() == before
