"""The relay and the worker as they are deployed: real processes over a real Redis, killed and robbed of their data."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from uuid import UUID

import psycopg
import pytest
import redis
from bulk_processes import RELAY, WORKER, Process, wait_until
from bulk_work import Bulk, annual_csv, healthy
from ecs_agent import agent_running

from accunode_common.db.access import DatabaseRole
from accunode_common.ids import new_id
from accunode_common.names import name_key
from accunode_common.tasks.messages import IngestFile, Queue
from accunode_common.tasks.waiting import waiting_key
from accunode_common.testing.database import DatabaseTemplate, TestDatabase
from accunode_common.testing.emf import metric_lines
from accunode_common.testing.keys import TestIssuer
from accunode_common.testing.people import Caller, World, WorldMaker
from accunode_common.testing.plugin import SettingsFactory
from accunode_common.testing.settings import changed
from accunode_devstack.throwaway import throwaway_redis
from accunode_ml.bulk.ingest import ingest_file
from accunode_ml.heartbeat import BEAT_SECONDS, STALE_SECONDS, age
from accunode_ml.relay.sweeper import LOST_SECONDS

COMPANY = (
    "insert into credit.companies (tenant_id, id, access_level, organization_id, created_by, name, name_key)"
    " values (%s, %s, 'organization', %s, %s, %s, %s)"
)
FINAL = {"completed", "completed_with_errors", "failed", "cancelled"}
ROWS, CHUNK_ROWS = 4_000, 200

Start = Callable[..., Process]


@pytest.fixture(scope="module")
def own_redis() -> Iterator[str]:
    """A Redis of this module's own, as its tests destroy its data."""
    with throwaway_redis() as server:
        yield server.url


@pytest.fixture(scope="module")
def test_database(database_template: DatabaseTemplate) -> Iterator[TestDatabase]:
    """A database of this module's own: a relay takes up whatever other tests have left in theirs."""
    with database_template.copy() as database:
        yield database


@pytest.fixture(scope="module")
def superuser(test_database: TestDatabase) -> Iterator[psycopg.Connection]:
    with psycopg.connect(test_database.admin_url, autocommit=True) as connection:
        yield connection


@pytest.fixture(scope="module")
def world_maker(superuser: psycopg.Connection, issuer: TestIssuer) -> WorldMaker:
    return WorldMaker(superuser, issuer)


@pytest.fixture(scope="module")
def make_settings(test_database: TestDatabase, own_redis: str) -> SettingsFactory:
    return SettingsFactory(test_database, own_redis)


@pytest.fixture
def start(test_database: TestDatabase, own_redis: str, bulk: Bulk, tmp_path: Path) -> Iterator[Start]:
    """Starts the relay or the worker, and ends whatever is left of them."""
    redis.Redis.from_url(own_redis).flushall()
    common = {
        "redis_url": own_redis,
        "storage_url": bulk.runtime.settings.storage.url,
        "chunk_rows": CHUNK_ROWS,
        "chunk_lease_seconds": 4,
        # A machine that is busy with other things makes leases run out; none of these jobs may end for that.
        "chunk_attempts": 100,
        "sweep_seconds": 0.5,
        "startup_seconds": 20,
        "log_format": "console",
    }
    with ExitStack() as stack:

        def start_one(name: str, **settings: object) -> Process:
            command, role = {
                "relay": (RELAY, DatabaseRole.RELAY),
                "worker": (WORKER, DatabaseRole.WORKER),
            }[name.rstrip("2")]
            process = Process(name, command, tmp_path, {**common, "database_url": test_database.url(role), **settings})
            stack.callback(process.kill)
            return process

        yield start_one


def _content(rows: int = ROWS) -> bytes:
    return annual_csv([healthy(number) for number in range(rows)])


def _await_end(bulk: Bulk, job_id: UUID, *processes: Process, seconds: float = 60) -> None:
    try:
        wait_until(lambda: bulk.job(job_id)["state"] in FINAL, seconds=seconds)
    except AssertionError:
        said = "\n".join(process.said()[-3000:] for process in processes)
        raise AssertionError(f"{bulk.job(job_id)}\n{said}") from None
    job = bulk.job(job_id)
    assert (job["state"], job["rows_accepted"]) == ("completed", ROWS), job
    bulk.check_counts(job_id)


def test_a_worker_counts_what_it_has_ended_and_the_relay_adds_it_up(bulk: Bulk, world: World, start: Start) -> None:
    for table in ("task_counts", "scaling_samples"):
        bulk.superuser.execute(f"delete from ops.{table}")
    emf = {"metrics": "emf", "metrics_environment": "staging"}
    worker, relay = start("worker", chunk_lease_seconds=60, **emf).ready(), start("relay", **emf).ready()
    job_id = bulk.submit(world.one.org_member, _content())
    _await_end(bulk, job_id, worker, relay)
    assert [process.terminate() for process in (worker, relay)] == [0, 0]
    counted = """
        select coalesce(sum(finished), 0) as finished, coalesce(sum(failed), 0) as failed,
            coalesce(sum(ran), 0) > 0 as ran, coalesce(sum(waited), 0) > 0 as waited
        from (
            select finished, failed, ran_seconds as ran, waited_seconds as waited from ops.task_counts
            union all
            select (t.value ->> 'finished')::int, (t.value ->> 'failed')::int, (t.value ->> 'ran_seconds')::float,
                (t.value ->> 'waited_seconds')::float
            from ops.scaling_samples, jsonb_each(tasks) t
        ) counts
    """
    (found,) = bulk.rows(counted)
    chunks = len(bulk.chunks(job_id))
    assert found["finished"] >= chunks
    assert (found["failed"], found["ran"], found["waited"]) == (0, True, True)
    published = metric_lines(worker.said())
    assert {line["Environment"] for line in (*published, *metric_lines(relay.said()))} == {"staging"}
    assert sum(line["TasksFinished"] for line in published) == found["finished"]
    assert any(line.get("TaskRunSeconds") for line in published)
    assert {line["Queue"] for line in published} == set(Queue)
    assert any("WorkersAlive" in line for line in metric_lines(relay.said()))


def test_a_job_is_done_while_two_relays_publish_and_everything_ends_cleanly(
    bulk: Bulk, world: World, start: Start
) -> None:
    worker = start("worker", chunk_lease_seconds=60).ready()
    relay, second = start("relay").ready(), start("relay2").ready()
    job_id = bulk.submit(world.one.org_member, _content())
    _await_end(bulk, job_id, worker, relay)
    assert {(chunk["attempts"], chunk["error_message"]) for chunk in bulk.chunks(job_id)} == {(1, None)}
    assert [process.terminate() for process in (relay, second, worker)] == [0, 0, 0]


def test_a_worker_on_ecs_is_protected_from_scale_in_while_it_works(
    bulk: Bulk, world: World, start: Start, test_database: TestDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    member = world.one.org_member

    def protected() -> bool:
        return any(state["ProtectionEnabled"] for state in agent.states[-1:])

    with agent_running() as agent:
        monkeypatch.setenv("ECS_AGENT_URI", agent.uri)
        worker, relay = start("worker", chunk_lease_seconds=60).ready(), start("relay").ready()
        # What processes that were killed before this had left undone is done first.
        wait_until(lambda: not protected(), seconds=60)
        # A file is stored before the worker looks again whether it works.
        with _held(test_database, COMPANY, _company(member, f"Company {ROWS // 2}")):
            job_id = bulk.submit(member, _content())
            wait_until(lambda: protected() or worker.popen.poll() is not None, seconds=60)
        _await_end(bulk, job_id, worker, relay)
        wait_until(lambda: not protected() or worker.popen.poll() is not None, seconds=60)
        assert [state["ProtectionEnabled"] for state in agent.states[-2:]] == [True, False]
        assert worker.terminate() == 0


@contextmanager
def _held(test_database: TestDatabase, statement: str, values: list[object]) -> Iterator[None]:
    """Hold the worker up where it would insert the same key, until the end."""
    with psycopg.connect(test_database.admin_url) as connection:
        connection.execute(statement, values)
        try:
            yield
        finally:
            connection.rollback()


def _somebody_waits(bulk: Bulk) -> bool:
    return bool(
        bulk.rows(
            "select pid from pg_stat_activity where datname = current_database() and usename = 'accunode_worker'"
            " and wait_event_type = 'Lock'"
        )
    )


def _company(caller: Caller, name: str) -> list[object]:
    return [caller.tenant_id, new_id(), caller.subject.organization_id, caller.user_id, name, name_key(name)]


def test_a_worker_killed_in_the_middle_is_replaced_by_the_next(
    bulk: Bulk, world: World, start: Start, test_database: TestDatabase
) -> None:
    member = world.one.org_member
    relay = start("relay").ready()
    job_id = bulk.submit(member, _content())
    with _held(test_database, COMPANY, _company(member, f"Company {ROWS // 2}")):
        worker = start("worker").ready()
        wait_until(lambda: bulk.job(job_id)["chunks_done"] > 0 and _somebody_waits(bulk), seconds=30)
        worker.kill()
        assert "leased" in {chunk["state"] for chunk in bulk.chunks(job_id)}
        assert bulk.job(job_id)["state"] == "scoring"
    second = start("worker2").ready()
    _await_end(bulk, job_id, relay, second)
    assert max(chunk["attempts"] for chunk in bulk.chunks(job_id)) > 1


def test_a_worker_killed_while_it_reads_is_replaced_by_the_next(
    bulk: Bulk, world: World, start: Start, test_database: TestDatabase
) -> None:
    relay = start("relay").ready()
    job_id = bulk.submit(world.one.org_member, _content())
    chunk = "insert into bulk.chunks (tenant_id, job_id, number, rows) values (%s, %s, 1, 0)"
    with _held(test_database, chunk, [world.one.id, job_id]):
        worker = start("worker").ready()
        wait_until(lambda: _somebody_waits(bulk), seconds=30)
        worker.kill()
        assert (bulk.job(job_id)["state"], bulk.chunks(job_id)) == ("ingesting", [])
    second = start("worker2").ready()
    _await_end(bulk, job_id, relay, second)


def test_no_heart_beats_while_redis_hangs_and_all_beat_again_when_it_is_back(start: Start, own_redis: str) -> None:
    processes = [start("worker").ready(), start("relay").ready()]

    def silent_for(process: Process) -> float:
        return age(process.heartbeat) or 0

    assert STALE_SECONDS > 3 * BEAT_SECONDS
    redis.Redis.from_url(own_redis).execute_command("CLIENT", "PAUSE", 5_000 * int(BEAT_SECONDS), "ALL")
    wait_until(lambda: min(map(silent_for, processes)) > 3 * BEAT_SECONDS, seconds=60)
    wait_until(lambda: max(map(silent_for, processes)) < BEAT_SECONDS, seconds=60)


@pytest.mark.parametrize("lost", ["reading", "scoring"])
def test_messages_that_were_taken_and_never_begun_are_sent_again(
    bulk: Bulk, world: World, start: Start, own_redis: str, lost: str
) -> None:
    relay = start("relay").ready()
    job_id = bulk.submit(world.one.org_member, _content())
    broker = redis.Redis.from_url(own_redis)
    if lost == "scoring":
        settings = changed(bulk.runtime.settings, chunk_rows=CHUNK_ROWS)
        ingest_file(replace(bulk.runtime, settings=settings), IngestFile(tenant_id=world.one.id, job_id=job_id))
        assert len(bulk.chunks(job_id)) == ROWS // CHUNK_ROWS
    taken = waiting_key(Queue.BULK if lost == "reading" else Queue.INTERACTIVE)
    wait_until(lambda: broker.llen(taken), seconds=20)
    broker.delete(waiting_key(Queue.BULK), waiting_key(Queue.INTERACTIVE))
    bulk.superuser.execute(
        "update bulk.jobs set updated_at = now() - make_interval(secs => %s) where id = %s", [LOST_SECONDS, job_id]
    )
    worker = start("worker").ready()
    _await_end(bulk, job_id, relay, worker)


def test_losing_all_of_redis_loses_nothing(bulk: Bulk, world: World, start: Start, own_redis: str) -> None:
    relay = start("relay").ready()
    job_id = bulk.submit(world.one.org_member, _content())
    broker = redis.Redis.from_url(own_redis)
    wait_until(lambda: broker.llen(waiting_key(Queue.BULK)), seconds=20)
    broker.flushall()
    worker = start("worker").ready()
    wait_until(lambda: bulk.job(job_id)["chunks_done"], seconds=30)
    broker.flushall()
    _await_end(bulk, job_id, relay, worker)


def test_a_relay_that_was_away_publishes_what_gathered(bulk: Bulk, world: World, start: Start) -> None:
    worker = start("worker").ready()
    job_id = bulk.submit(world.one.org_member, _content())
    relay = start("relay").ready()
    wait_until(lambda: bulk.job(job_id)["chunks_done"], seconds=30)
    relay.kill()
    second = start("relay2").ready()
    _await_end(bulk, job_id, worker, second)


def test_the_relay_outlives_the_loss_of_its_connections(
    bulk: Bulk, world: World, start: Start, superuser: psycopg.Connection, own_redis: str
) -> None:
    worker, relay = start("worker").ready(), start("relay").ready()
    superuser.execute(
        "select pg_terminate_backend(pid) from pg_stat_activity where application_name like 'accunode-%%'"
        " and usename in ('accunode_relay', 'accunode_worker')"
    )
    broker = redis.Redis.from_url(own_redis)
    for client in broker.client_list():
        if client["name"] != "me":
            broker.execute_command("CLIENT", "KILL", "ID", client["id"], "SKIPME", "yes")
    job_id = bulk.submit(world.one.org_member, _content())
    _await_end(bulk, job_id, worker, relay)


@pytest.mark.parametrize("name", ["worker", "relay"])
def test_a_start_without_redis_ends_with_one_clear_sentence(start: Start, name: str) -> None:
    process = start(name, redis_url="redis://:nobody@127.0.0.1:1/0", startup_seconds=0.2)
    assert process.popen.wait(30) == 1
    assert (
        process.said().strip().splitlines()[-1].startswith(f"The {name} cannot start: Redis did not answer within 0 s:")
    )


@pytest.mark.parametrize("name", ["worker", "relay"])
def test_a_start_without_a_setting_names_it(start: Start, name: str) -> None:
    process = start(name, database_url="")
    assert process.popen.wait(30) == 1
    assert "ACCUNODE_DATABASE_URL" in process.said().strip().splitlines()[-1]
    assert "Traceback" not in process.said()
