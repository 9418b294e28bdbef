"""What keeps worker processes honest: options, queues, heartbeats, start-up."""

import gc
import os
import subprocess
import sys
import time
from pathlib import Path

import psycopg
import pyarrow as pa
import pytest
from celery.exceptions import QueueNotFound
from pydantic import SecretStr

from accunode_common.db.access import DatabaseRole
from accunode_common.settings import RedisSettings
from accunode_common.tasks.celery import (
    HARD_TIME_LIMIT_SECONDS,
    VISIBILITY_TIMEOUT_SECONDS,
    configuration,
    create_celery,
)
from accunode_common.tasks.holders import Holder
from accunode_common.tasks.messages import (
    INTERACTIVE_BYTES,
    INTERACTIVE_ROWS,
    IngestFile,
    Queue,
    queue_for_bytes,
    queue_for_rows,
)
from accunode_common.testing.database import TestDatabase
from accunode_ml.heartbeat import age, beat
from accunode_ml.memory import hold_little
from accunode_ml.settings import WorkerSettings
from accunode_ml.startup import StartupError, await_postgres, await_redis
from accunode_ml.task_counts import Ended, TaskCounts
from accunode_ml.watch import Watch
from accunode_ml.worker import create_worker


def _redis(url: str = "redis://:x@127.0.0.1:1/0") -> RedisSettings:
    return RedisSettings(url=SecretStr(url))


def test_no_task_outlives_the_time_after_which_redis_gives_it_to_somebody_else(worker_settings: WorkerSettings) -> None:
    app = create_worker(worker_settings)
    limits = [task.time_limit for name, task in app.tasks.items() if not name.startswith("celery.")]
    assert limits
    assert all(limit and limit <= HARD_TIME_LIMIT_SECONDS for limit in limits)
    assert VISIBILITY_TIMEOUT_SECONDS >= 2 * HARD_TIME_LIMIT_SECONDS


def test_figures_that_cannot_be_kept_do_not_end_the_worker(
    worker_settings: WorkerSettings, test_database: TestDatabase
) -> None:
    counts = TaskCounts()
    watch = Watch(create_celery("test", worker_settings.redis), worker_settings, Holder.here(), counts)
    counts.count(Queue.BULK, Ended(finished=1))
    # A role that may not is as good as a schema that has no such table.
    with psycopg.connect(test_database.url(DatabaseRole.AUTH), autocommit=True) as connection:
        watch._count(connection)
    assert counts.take() == {}


def test_only_json_is_read_and_written() -> None:
    options = configuration()
    assert options["accept_content"] == ["json"]
    assert {options["task_serializer"], options["event_serializer"]} == {"json"}
    assert options["result_backend"] is None


def test_a_queue_that_nobody_declared_is_an_error() -> None:
    app = create_celery("test", _redis())
    with pytest.raises(QueueNotFound):
        app.send_task("bulk.ingest", queue="bulky")
    app.close()


def test_two_applications_live_in_one_process(worker_settings: WorkerSettings) -> None:
    one, two = create_worker(worker_settings), create_worker(worker_settings)
    assert set(one.tasks) == set(two.tasks)
    assert one.tasks[IngestFile.task] is not two.tasks[IngestFile.task]


def test_small_work_has_a_queue_of_its_own() -> None:
    assert queue_for_bytes(INTERACTIVE_BYTES) == queue_for_rows(INTERACTIVE_ROWS) == Queue.INTERACTIVE
    assert queue_for_bytes(INTERACTIVE_BYTES + 1) == queue_for_rows(INTERACTIVE_ROWS + 1) == Queue.BULK


def test_a_message_of_a_newer_sender_is_understood() -> None:
    payload = {"tenant_id": "01a205e2-67d0-750c-98b1-0f227972e194", "job_id": "01a205e2-67d0-750c-98b1-0f227972e195"}
    assert IngestFile.model_validate({**payload, "later": 1}) == IngestFile.model_validate(payload)


def test_a_worker_about_to_fork_keeps_no_memory_of_chunks_and_shares_what_it_is_made_of() -> None:
    before = pa.default_memory_pool()
    try:
        hold_little()
        assert pa.default_memory_pool().backend_name == "system"
        assert gc.get_freeze_count() > 100_000
    finally:
        gc.unfreeze()
        pa.set_memory_pool(before)


def test_the_healthcheck_tells_a_fresh_heartbeat_from_a_stale_and_a_missing_one(tmp_path: Path) -> None:
    path = tmp_path / "beats" / "worker.heartbeat"
    assert _healthcheck(path).returncode == 1
    beat(path)
    assert age(path) is not None
    assert _healthcheck(path).returncode == 0
    long_ago = time.time() - 600
    os.utime(path, (long_ago, long_ago))
    found = _healthcheck(path)
    assert (found.returncode, found.stderr.startswith("The last heartbeat was 6")) == (1, True)


def _healthcheck(path: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "accunode_ml.healthcheck", "worker"],
        env={**os.environ, "ACCUNODE_HEARTBEAT_FILE": str(path)},
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_refused_password_is_not_waited_for(own_redis_url: str) -> None:
    wrong = own_redis_url.replace("://:", "://:not-", 1)
    begun = time.monotonic()
    with pytest.raises(StartupError, match="Redis refuses the connection"):
        await_redis(_redis(wrong), seconds=30)
    assert time.monotonic() - begun < 10


def test_a_database_that_does_not_come_is_named(worker_settings: WorkerSettings) -> None:
    url = SecretStr("postgresql://accunode_worker:secret-of-nobody@127.0.0.1:1/accunode")
    nowhere = worker_settings.database.model_copy(update={"url": url})
    with pytest.raises(StartupError, match="PostgreSQL did not answer within 0 s"):
        await_postgres(nowhere, seconds=0.1)


@pytest.fixture
def own_redis_url(redis_server) -> str:  # type: ignore[no-untyped-def]
    """The test server's address."""
    return str(redis_server.url)
