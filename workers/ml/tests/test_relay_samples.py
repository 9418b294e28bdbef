"""The relay measures queues and workers once a minute, and keeps each change of what the scaling policy decides."""

import json
from collections.abc import Iterator
from types import SimpleNamespace

import psycopg
import pytest
import redis
from bulk_work import Bulk
from psycopg.types.json import Jsonb

from accunode_common.db.access import DatabaseRole
from accunode_common.emf import MetricsScope
from accunode_common.ids import PLATFORM_TENANT_ID, new_id
from accunode_common.models.ops import CURRENT_POLICY
from accunode_common.scaling import shipped_policy
from accunode_common.tasks.holders import Holder
from accunode_common.tasks.messages import PurgeFiles, Queue
from accunode_common.tasks.waiting import waiting_key
from accunode_common.testing.database import TestDatabase
from accunode_common.testing.emf import checked
from accunode_devstack.throwaway import throwaway_redis
from accunode_ml.relay.metrics import metric_lines
from accunode_ml.relay.sampling import Sample, Sampler, take_sample
from accunode_ml.relay.scaling import decide_now
from accunode_ml.relay.sweeper import Sweeper

TABLES = ("workers", "outbox", "task_counts", "scaling_samples", "scaling_decisions", "scaling_policies")


@pytest.fixture
def relay(test_database: TestDatabase, superuser: psycopg.Connection) -> Iterator[psycopg.Connection]:
    """The relay's own connection, and nothing that another test left."""
    for table in TABLES:
        superuser.execute(f"delete from ops.{table}")
    with psycopg.connect(test_database.url(DatabaseRole.RELAY), autocommit=True) as connection:
        yield connection
    for table in TABLES:
        superuser.execute(f"delete from ops.{table}")


@pytest.fixture
def broker() -> Iterator[redis.Redis]:
    with throwaway_redis() as server, redis.Redis.from_url(server.url, decode_responses=True) as client:
        yield client


def _work(superuser: psycopg.Connection, *messages: str, age: float = 0, retired: bool = False) -> None:
    holder = Holder.here()
    superuser.execute(
        "insert into ops.workers (id, worker_id, host, pid, messages, retired, beat_at)"
        " values (%(id)s, %(worker_id)s, %(host)s, %(pid)s, %(messages)s, %(retired)s,"
        " clock_timestamp() - make_interval(secs => %(age)s))",
        {**holder.row, "messages": list(messages), "retired": retired, "age": age},
    )


def test_a_sample_counts_what_waits_what_works_and_what_has_ended(
    bulk: Bulk, superuser: psycopg.Connection, relay: psycopg.Connection, broker: redis.Redis
) -> None:
    old, young = new_id(), new_id()
    for task in (old, young):
        broker.lpush(waiting_key(Queue.BULK), json.dumps({"headers": {"id": str(task)}}))
    broker.lpush(waiting_key(Queue.MAINTENANCE), "no message of ours")
    bulk.enqueue(PurgeFiles(tenant_id=PLATFORM_TENANT_ID, job_id=new_id()))
    _work(superuser)
    _work(superuser, "tag")
    _work(superuser, "tag", retired=True)
    for finished, failed, ago in ((3, 1, 0), (2, 0, 30), (100, 100, 3600)):
        superuser.execute(
            "insert into ops.task_counts (id, queue, finished, failed, waited_seconds, ran_seconds, counted_at)"
            " values (%s, 'bulk', %s, %s, 1.5, 2, clock_timestamp() - make_interval(secs => %s))",
            [new_id(), finished, failed, ago],
        )
    sample = take_sample(relay, broker)
    assert sample is not None
    assert sample.waiting == {"interactive": 0, "bulk": 2, "maintenance": 1}
    assert sample.queue_length == 3
    assert sample.oldest_seconds["interactive"] is None
    assert sample.oldest_seconds["maintenance"] is None
    assert 0 <= (sample.oldest_seconds["bulk"] or -1) < 60
    assert (sample.workers_alive, sample.workers_busy, sample.outbox_length) == (2, 1, 1)
    assert sample.tasks == {"bulk": {"finished": 5, "failed": 1, "waited_seconds": 3, "ran_seconds": 4}}
    assert relay.execute("select count(*) from ops.task_counts").fetchone() == (0,)
    together, *queues = [checked(line) for line in metric_lines(sample, MetricsScope("production"))]
    figures = ("QueueLength", "OutboxLength", "WorkersAlive", "WorkersBusy", "TasksPerMinute")
    assert {name: together[name] for name in figures} == dict(zip(figures, (3, 1, 2, 1, 6), strict=True))
    assert together["QueueOldestSeconds"] == sample.oldest_seconds["bulk"]
    assert {line["Queue"]: line["QueueLength"] for line in queues} == sample.waiting
    assert {line["Queue"]: line["QueueOldestSeconds"] > 0 for line in queues}["interactive"] is False
    assert [checked(line) for line in metric_lines(sample, MetricsScope("production", essential=True))] == [together]


def test_a_minute_has_one_sample_however_many_relays_measure(
    superuser: psycopg.Connection, relay: psycopg.Connection, broker: redis.Redis
) -> None:
    assert Sampler().sample_if_due(relay, broker) is not None
    superuser.execute(
        "insert into ops.task_counts (id, queue, finished, failed, waited_seconds, ran_seconds)"
        " values (%s, 'bulk', 1, 0, 0, 0)",
        [new_id()],
    )
    # The minute may turn between both.
    other = Sampler().sample_if_due(relay, broker)
    minutes = [row[0] for row in relay.execute("select minute from ops.scaling_samples").fetchall()]
    assert len(minutes) == (1 if other is None else 2)
    left = relay.execute("select count(*) from ops.task_counts").fetchone()
    assert left == (1 if other is None else 0,)


def test_each_minute_of_the_databases_clock_is_sampled_whatever_the_relays_own_says(
    superuser: psycopg.Connection, relay: psycopg.Connection, broker: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    passed = 1000.0
    standing_still = SimpleNamespace(monotonic=lambda: passed, time=lambda: 1_800_000_000.0)
    monkeypatch.setattr("accunode_ml.relay.sampling.time", standing_still)
    sampler = Sampler()
    for _ in range(3):
        assert sampler.sample_if_due(relay, broker) is not None
        assert sampler.sample_if_due(relay, broker) is None
        superuser.execute("update ops.scaling_samples set minute = minute - interval '1 minute'")
        passed += 60


def test_what_gathered_without_a_relay_is_cleared_away_little_by_little(
    superuser: psycopg.Connection, relay: psycopg.Connection, broker: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("accunode_ml.relay.sampling.MOST_COUNTS", 2)
    for ago in (3600, 1800, 900, 1):
        superuser.execute(
            "insert into ops.task_counts (id, queue, finished, failed, waited_seconds, ran_seconds, counted_at)"
            " values (%s, 'bulk', 1, 0, 0, 0, clock_timestamp() - make_interval(secs => %s))",
            [new_id(), ago],
        )
    sample = take_sample(relay, broker)
    assert sample is not None
    assert sample.tasks["bulk"]["finished"] == 1
    assert relay.execute("select count(*) from ops.task_counts").fetchone() == (2,)


def test_without_redis_there_is_no_sample(relay: psycopg.Connection) -> None:
    away = redis.Redis.from_url("redis://127.0.0.1:9/0")
    with pytest.raises(redis.ConnectionError):
        take_sample(relay, away)
    assert relay.execute("select count(*) from ops.scaling_samples").fetchone() == (0,)


def _samples(superuser: psycopg.Connection, *pairs: tuple[int, int]) -> Sample:
    """Samples of the last minutes, as pairs of queue length and workers; the last is returned."""
    for back, (length, workers) in enumerate(reversed(pairs)):
        superuser.execute(
            "insert into ops.scaling_samples (minute, waiting, oldest_seconds, tasks, queue_length, outbox_length,"
            " workers_alive, workers_busy, leases) values"
            " (date_trunc('minute', now()) - make_interval(mins => %s), '{}', '{}', '{}', %s, 0, %s, 0, 0)",
            [back, length, workers],
        )
    cursor = superuser.execute("select minute from ops.scaling_samples order by minute desc limit 1").fetchone()
    assert cursor is not None
    length, workers = pairs[-1]
    return Sample(cursor[0], {}, {}, {}, length, 0, workers, 0, 0)


def test_only_a_change_of_the_decision_is_kept(superuser: psycopg.Connection, relay: psycopg.Connection) -> None:
    calm = _samples(superuser, *[(0, 2)] * 12)
    for _ in range(3):
        assert decide_now(relay, calm).verdict == "hold"
    superuser.execute("delete from ops.scaling_samples")
    rush = _samples(superuser, *[(200, 2)] * 3)
    for _ in range(3):
        assert decide_now(relay, rush).verdict == "scale_out"
    kept = [row[0] for row in relay.execute("select decision from ops.scaling_decisions order by id").fetchall()]
    assert [(row["verdict"], row["workers"], row["capacity"], row["queue_length"]) for row in kept] == [
        ("hold", 2, 2, 0),
        ("scale_out", 2, 4, 200),
    ]
    assert "above 50 in 3 of 3 minutes and is 200: add 2" in kept[1]["reason"]
    assert [(row["policy_name"], row["policy_version"]) for row in kept] == [("default", 0)] * 2


def test_a_decision_that_this_release_cannot_read_is_followed_by_one_that_it_can(
    superuser: psycopg.Connection, relay: psycopg.Connection
) -> None:
    superuser.execute(
        "insert into ops.scaling_decisions (id, decision, decided_at) values (%s, %s, now() - interval '1 s')",
        [new_id(), Jsonb({"verdict": "of another time"})],
    )
    calm = _samples(superuser, *[(0, 2)] * 12)
    for _ in range(2):
        assert decide_now(relay, calm).verdict == "hold"
    assert relay.execute("select count(*) from ops.scaling_decisions").fetchone() == (2,)


def test_the_stored_policy_decides_and_one_that_cannot_be_read_does_not(
    superuser: psycopg.Connection, relay: psycopg.Connection
) -> None:
    rush = _samples(superuser, *[(60, 2)] * 3)
    policy = shipped_policy().model_dump(mode="json") | {"name": "calmer"}
    policy["workers"]["scale_out"] |= {"threshold": 100, "steps": [{"at": 100, "change": 1}]}
    store = (
        "insert into ops.scaling_policies (name, policy) values (%s, %s) on conflict (name) do update"
        " set policy = excluded.policy, version = 2"
    )
    superuser.execute(store, [CURRENT_POLICY, Jsonb(policy)])
    decided = decide_now(relay, rush)
    assert (decided.verdict, decided.policy_name, decided.policy_version) == ("hold", "calmer", 1)
    superuser.execute(store, [CURRENT_POLICY, Jsonb({"name": "of another time"})])
    decided = decide_now(relay, rush)
    assert (decided.verdict, decided.policy_name, decided.policy_version) == ("scale_out", "default", 0)


def test_samples_are_kept_for_a_week_and_decisions_for_a_quarter(
    superuser: psycopg.Connection, relay: psycopg.Connection, broker: redis.Redis
) -> None:
    _samples(superuser, (0, 2))
    superuser.execute("update ops.scaling_samples set minute = minute - interval '8 days'")
    _samples(superuser, (0, 2))
    for days in (0, 91):
        superuser.execute(
            "insert into ops.scaling_decisions (id, decision, decided_at)"
            " values (%s, '{}', now() - make_interval(days => %s))",
            [new_id(), days],
        )
    Sweeper(stalled_seconds=600).sweep(relay, broker)
    for table in ("scaling_samples", "scaling_decisions"):
        assert relay.execute(f"select count(*) from ops.{table}").fetchone() == (1,), table
