"""Chunks as stored objects: one Parquet file with one row group each, so that a task fetches no more than it scores."""

from io import BytesIO

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from accunode_common.storage.base import Storage, job_prefix
from accunode_credit.models.bulk import Job


def chunks_prefix(job: Job) -> str:
    """Below it lie the job's chunks."""
    return f"{job_prefix(job.tenant_id, job.id)}/chunks"


def chunk_key(job: Job, reading: int, number: int) -> str:
    """Where a chunk lies. `reading` is the fence of the lease under which the file was read: a late reader of the same
    file writes elsewhere."""
    return f"{chunks_prefix(job)}/{reading}/{number}.parquet"


def row_ranges(rows: pa.Table) -> str:
    """The numbers of a chunk's rows, as PostgreSQL writes a multirange: `{[2,40),[41,60)}`."""
    numbers = np.unique(rows.column("row_number").to_numpy())
    runs = np.split(numbers, np.flatnonzero(np.diff(numbers) != 1) + 1) if len(numbers) else []
    return "{" + ",".join(f"[{run[0]},{run[-1] + 1})" for run in runs) + "}"


def write_chunk(storage: Storage, key: str, rows: pa.Table) -> None:
    """Store the rows of a chunk."""
    buffer = BytesIO()
    # Most values are different, and nobody looks for some of them: dictionaries and statistics would cost half as much.
    pq.write_table(
        rows,
        buffer,
        row_group_size=max(rows.num_rows, 1),
        compression="zstd",
        use_dictionary=False,
        write_statistics=False,
    )
    storage.put(key, buffer.getvalue())


def read_chunk(storage: Storage, key: str) -> pa.Table:
    """The rows of a chunk.

    Raises:
        ObjectNotFoundError: There is no such chunk.
    """
    with storage.open(key) as source:
        return pq.ParquetFile(pa.PythonFile(source)).read(use_threads=False)
