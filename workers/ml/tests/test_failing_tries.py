"""What fails ends after three tries, row by row; what only the database's state caused is tried again."""

import errno
import shutil
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from bulk_work import Bulk, annual_csv, healthy
from psycopg import errors as pg
from sqlalchemy.exc import OperationalError

from accunode_common.db.transient import DatabaseAwayError, again_while_transient, is_transient
from accunode_common.storage.local import LocalStorage
from accunode_common.testing.people import World
from accunode_ml.bulk import chunk_file, score
from accunode_ml.repositories import predictions

Spoil = Callable[[bytes], bytes]


def _table(content: bytes) -> pa.Table:
    return pq.read_table(BytesIO(content))


def _file(table: pa.Table) -> bytes:
    sink = BytesIO()
    pq.write_table(table, sink)
    return sink.getvalue()


def _retyped(content: bytes) -> bytes:
    table = _table(content)
    place = table.column_names.index("total_debt_to_ebitda")
    return _file(table.set_column(place, "total_debt_to_ebitda", pa.array(["x"] * table.num_rows)))


SPOILT: dict[str, Spoil] = {
    "a column is missing": lambda content: _file(_table(content).drop_columns(["name_key"])),
    "the row numbers are missing": lambda content: _file(_table(content).drop_columns(["row_number"])),
    "a ratio is missing": lambda content: _file(_table(content).drop_columns(["return_on_assets"])),
    "a column has another type": _retyped,
    "it is cut off": lambda content: content[: len(content) // 2],
    "it is empty": lambda _: b"",
    "it is no Parquet": lambda content: b"no parquet" * len(content),
}


def _three_tries(bulk: Bulk, tenant_id: UUID, job_id: UUID) -> None:
    bulk.work(tenant_id)
    for _ in range(2):
        bulk.expire(job_id)
        bulk.work(tenant_id)


def _chunk_keys(bulk: Bulk, job_id: UUID) -> list[str]:
    tenant_id = bulk.job(job_id)["tenant_id"]
    return list(bulk.runtime.storage.list(f"{tenant_id}/bulk/{job_id}/chunks"))


@pytest.mark.parametrize("spoil", SPOILT.values(), ids=SPOILT)
def test_each_row_of_a_spoilt_chunk_is_listed_and_the_job_ends(bulk: Bulk, world: World, spoil: Spoil) -> None:
    rows = [healthy(number) for number in range(12)]
    rows[5][2] = "nonsense"
    job_id = bulk.submit(world.one.org_member, annual_csv(rows))
    (ingest,) = bulk.messages(world.one.id)
    bulk.perform(ingest)
    second = _chunk_keys(bulk, job_id)[1]
    bulk.runtime.storage.put(second, spoil(b"".join(bulk.runtime.storage.get(second))))
    first_messages = bulk.messages(world.one.id)
    for message in first_messages:
        bulk.perform(message)
    _three_tries(bulk, world.one.id, job_id)
    job = bulk.job(job_id)
    assert (job["state"], job["rows_accepted"], job["rows_rejected"]) == ("completed_with_errors", 7, 5)
    assert [chunk["state"] for chunk in bulk.chunks(job_id)] == ["done", "quarantined", "done"]
    failed = [issue for issue in bulk.issues(job_id) if issue["code"] == "chunk_failed"]
    # The fifth row of the file's data stands in line 7 and was rejected on reading.
    assert [issue["row_number"] for issue in failed] == [6, 8, 9, 10]
    assert all("failed 3 times" in issue["message"] for issue in failed)
    bulk.check_counts(job_id)


@pytest.mark.parametrize("error", [KeyError("x"), TypeError("x"), MemoryError(), pa.ArrowInvalid("x"), OSError("x")])
def test_whatever_a_chunk_fails_with_it_ends_after_three_tries(
    bulk: Bulk, world: World, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def fails(*_: Any) -> Any:
        raise error

    monkeypatch.setattr(score, "score_rows", fails)
    job_id = bulk.submit(world.one.org_member, annual_csv([healthy(number) for number in range(4)]))
    _three_tries(bulk, world.one.id, job_id)
    job = bulk.job(job_id)
    assert (job["state"], job["rows_rejected"]) == ("completed_with_errors", 4)
    bulk.check_counts(job_id)


def test_a_connection_lost_in_mid_chunk_is_no_try(
    bulk: Bulk, world: World, monkeypatch: pytest.MonkeyPatch, superuser: psycopg.Connection
) -> None:
    add, lost = predictions.add, []

    def cut_off(session: Any, *args: Any) -> None:
        add(session, *args)
        if len(lost) < 2:
            lost.append(1)
            (pid,) = session.connection().connection.driver_connection.execute("select pg_backend_pid()").fetchone()
            superuser.execute("select pg_terminate_backend(%s)", [pid])

    monkeypatch.setattr(predictions, "add", cut_off)
    job_id = bulk.submit(world.one.org_member, annual_csv([healthy(number) for number in range(4)]))
    bulk.work(world.one.id)
    assert len(lost) == 2
    assert bulk.job(job_id)["state"] == "completed"
    assert [chunk["attempts"] for chunk in bulk.chunks(job_id)] == [1]
    bulk.check_counts(job_id)


def test_a_commit_whose_answer_is_lost_stores_nothing_twice(
    bulk: Bulk, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    store_chunk, done = score.ChunkScoring._store, []

    def answer_lost(*args: Any) -> None:
        store_chunk(*args)
        done.append(1)
        if len(done) == 1:
            raise psycopg.OperationalError("server closed the connection unexpectedly")

    monkeypatch.setattr(score.ChunkScoring, "_store", answer_lost)
    job_id = bulk.submit(world.one.org_member, annual_csv([healthy(number) for number in range(4)]))
    bulk.work(world.one.id)
    assert (bulk.job(job_id)["state"], bulk.job(job_id)["rows_accepted"]) == ("completed", 4)
    bulk.check_counts(job_id)


def test_a_full_store_fails_the_reading_with_a_sentence_and_leaves_nothing(
    bulk: Bulk, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    from accunode_common.storage import local

    def full(*_: Any) -> Any:
        raise OSError(errno.ENOSPC, "No space left on device")

    job_id = bulk.submit(world.one.org_member, annual_csv([healthy(number) for number in range(8)]))
    monkeypatch.setattr(local, "_commit", full)
    _three_tries(bulk, world.one.id, job_id)
    job = bulk.job(job_id)
    assert (job["state"], job["error_code"]) == ("failed", "ingest_failed")
    assert "the storage for files is full" in job["error_message"]
    folder = Path(bulk.runtime.settings.storage.url.removeprefix("file://"))
    assert isinstance(bulk.runtime.storage, LocalStorage)
    assert list(folder.rglob("*.partial")) == []


@pytest.mark.parametrize(
    ("error", "transient"),
    [
        (pg.AdminShutdown(), True),
        (pg.CannotConnectNow(), True),
        (pg.DeadlockDetected(), True),
        (pg.SerializationFailure(), True),
        (psycopg.OperationalError("server closed the connection unexpectedly"), True),
        (OperationalError("select 1", {}, pg.CrashShutdown()), True),
        (pg.QueryCanceled(), False),
        (pg.DiskFull(), False),
        (pg.UniqueViolation(), False),
        (ValueError(), False),
    ],
)
def test_which_errors_say_nothing_about_the_work(error: Exception, transient: bool) -> None:
    assert is_transient(error) == transient


def test_a_database_that_stays_away_ends_the_process_and_not_the_work() -> None:
    def away() -> None:
        raise psycopg.OperationalError("connection refused")

    with pytest.raises(DatabaseAwayError, match="PostgreSQL was away"):
        again_while_transient(away, seconds=0.1)
    assert not issubclass(DatabaseAwayError, Exception)


def test_rows_of_a_chunk_are_written_as_runs() -> None:
    rows = pa.table({"row_number": pa.array([2, 3, 4, 7, 9, 10], pa.int32())})
    assert chunk_file.row_ranges(rows) == "{[2,5),[7,8),[9,11)}"
    assert chunk_file.row_ranges(rows.slice(0, 0)) == "{}"


@pytest.fixture(autouse=True)
def _objects_are_gone_afterwards(bulk: Bulk) -> Iterator[None]:
    yield
    shutil.rmtree(bulk.runtime.settings.storage.url.removeprefix("file://"), ignore_errors=True)
