"""How the workers are scaled, over HTTP: what waits, what works, what the policy decides, and the policy itself."""

import json
from collections.abc import AsyncIterator
from typing import Any

import psycopg
import pytest
from psycopg.types.json import Jsonb
from redis.asyncio import Redis

from accunode_common.ids import new_id
from accunode_common.scaling import shipped_policy
from accunode_common.tasks.holders import STALE_SECONDS, Holder
from accunode_common.tasks.messages import Queue
from accunode_common.tasks.waiting import waiting_key
from accunode_common.testing.app import ServiceClient
from accunode_common.testing.people import World
from accunode_common.testing.problems import assert_problem

PATH = "/api/v1/scaling"
TABLES = ("workers", "outbox", "scaling_samples", "scaling_decisions", "scaling_policies")
SHIPPED = shipped_policy().model_dump(mode="json")


@pytest.fixture(autouse=True)
async def nothing_there(superuser: psycopg.Connection, redis: Redis) -> AsyncIterator[None]:
    """No queue, worker, sample, decision or policy of another test."""
    keys = [waiting_key(queue) for queue in Queue]
    for table in TABLES:
        superuser.execute(f"delete from ops.{table}")
    await redis.delete(*keys)
    yield
    for table in TABLES:
        superuser.execute(f"delete from ops.{table}")
    await redis.delete(*keys)


def sample(superuser: psycopg.Connection, back: int, length: int, workers: int, **tasks: Any) -> None:
    superuser.execute(
        "insert into ops.scaling_samples (minute, waiting, oldest_seconds, tasks, queue_length, outbox_length,"
        " workers_alive, workers_busy, leases) values (date_trunc('minute', now()) - make_interval(mins => %s),"
        " %s, %s, %s, %s, 1, %s, 1, 3)",
        [
            back,
            Jsonb({"interactive": 0, "bulk": length, "maintenance": 0}),
            Jsonb({"interactive": None, "bulk": 7.5, "maintenance": None}),
            Jsonb(tasks),
            length,
            workers,
        ],
    )


def worker(superuser: psycopg.Connection, *messages: str, age: float = 0) -> None:
    superuser.execute(
        "insert into ops.workers (id, worker_id, host, pid, messages, beat_at) values"
        " (%(id)s, %(worker_id)s, %(host)s, %(pid)s, %(messages)s, clock_timestamp() - make_interval(secs => %(age)s))",
        {**Holder.here().row, "messages": list(messages), "age": age},
    )


async def test_the_status_is_what_waits_and_works_now(
    api: ServiceClient, world: World, superuser: psycopg.Connection, redis: Redis
) -> None:
    for _ in range(101):
        await redis.lpush(waiting_key(Queue.BULK), json.dumps({"headers": {"id": str(new_id())}}))
    worker(superuser, "one", "two")
    worker(superuser)
    superuser.execute(
        "insert into ops.outbox (tenant_id, id, task, queue, payload) values (%s, %s, 'a.task', 'bulk', '{}')",
        [world.one.id, new_id()],
    )
    sample(superuser, 1, 5, 2)
    status = (await api.as_(world.super_admin).get(f"{PATH}/status")).json()
    lengths = {queue["queue"]: queue["waiting"] for queue in status["queues"]}
    assert lengths == {"interactive": 0, "bulk": 101, "maintenance": 0}
    ages = {queue["queue"]: queue["oldest_seconds"] for queue in status["queues"]}
    assert ages["interactive"] is None
    assert 0 <= ages["bulk"] < 60
    assert (status["queue_length"], status["backlog_alert"]) == (101, True)
    assert (status["workers_alive"], status["workers_busy"], status["messages_taken"]) == (2, 1, 2)
    assert (status["outbox_length"], status["leases"]) == (1, 3)
    assert (status["minimum"], status["maximum"]) == (2, 6)
    assert status["sampled_at"] is not None


async def test_a_silent_worker_is_not_alive_and_nothing_measured_is_null(
    api: ServiceClient, world: World, superuser: psycopg.Connection
) -> None:
    superuser.execute(
        "select pg_sleep(greatest(0, %s - extract(epoch from clock_timestamp() - pg_postmaster_start_time())))",
        [STALE_SECONDS + 1],
    )
    worker(superuser, "one", age=STALE_SECONDS + 1)
    status = (await api.as_(world.super_admin).get(f"{PATH}/status")).json()
    assert (status["workers_alive"], status["workers_busy"], status["messages_taken"]) == (0, 0, 0)
    assert (status["leases"], status["sampled_at"], status["backlog_alert"]) == (None, None, False)


async def test_metrics_are_the_samples_with_rates_and_mean_times(
    api: ServiceClient, world: World, superuser: psycopg.Connection
) -> None:
    ended = {"finished": 9, "failed": 1, "waited_seconds": 20, "ran_seconds": 5}
    sample(superuser, 2, 40, 2, bulk=ended, interactive=ended)
    sample(superuser, 1, 60, 2)
    sample(superuser, 90, 1000, 2)
    metrics = (await api.as_(world.super_admin).get(f"{PATH}/metrics", params={"minutes": 30})).json()
    assert [point["queue_length"] for point in metrics["points"]] == [40, 60]
    first, second = metrics["points"]
    assert (first["tasks_finished"], first["tasks_failed"]) == (18, 2)
    assert (first["mean_wait_seconds"], first["mean_run_seconds"], first["oldest_seconds"]) == (2, 0.5, 7.5)
    assert (second["tasks_finished"], second["mean_wait_seconds"]) == (0, None)
    assert (metrics["tasks_per_minute"], metrics["tasks_per_minute_per_worker"]) == (10, 5)
    empty = (await api.as_(world.super_admin).get(f"{PATH}/metrics", params={"minutes": 1})).json()
    assert (empty["tasks_per_minute"], empty["points"]) == (None, [])


async def test_the_recommendation_says_what_the_policy_would_do_and_how_long_it_takes(
    api: ServiceClient, world: World, superuser: psycopg.Connection, redis: Redis
) -> None:
    for _ in range(2):
        worker(superuser)
    for back in (2, 1, 0):
        sample(superuser, back, 200, 2)
    await redis.lpush(waiting_key(Queue.BULK), *["message"] * 400)
    said = (await api.as_(world.super_admin).get(f"{PATH}/recommendation")).json()
    assert (said["verdict"], said["workers"], said["capacity"], said["high"]) == ("scale_out", 2, 4, "ALARM")
    assert "above 50 in 3 of 3 minutes and is 200: add 2" in said["reason"]
    assert (said["queue_length"], said["drain_minutes"], said["drain_minutes_at_capacity"]) == (400, 2, 1)
    assert (said["policy_name"], said["policy_version"]) == ("default", 0)


async def test_without_workers_the_minimum_is_recommended_and_nothing_drains(api: ServiceClient, world: World) -> None:
    said = (await api.as_(world.super_admin).get(f"{PATH}/recommendation")).json()
    assert (said["verdict"], said["workers"], said["capacity"], said["drain_minutes"]) == ("scale_out", 0, 2, None)


async def test_the_shipped_policy_is_in_force_until_another_is_stored(api: ServiceClient, world: World) -> None:
    reply = await api.as_(world.super_admin).get(f"{PATH}/policy")
    shown = reply.json()
    assert (shown["policy"], shown["version"], shown["updated_by"], shown["differences"]) == (SHIPPED, 0, None, [])
    assert reply.headers["etag"] == '"0"'


async def test_a_stored_policy_has_its_author_its_differences_and_its_place_in_the_trail(
    api: ServiceClient, world: World, superuser: psycopg.Connection
) -> None:
    wanted = SHIPPED | {"name": "busy season", "workers": SHIPPED["workers"] | {"maximum": 8}}
    boss = api.as_(world.super_admin)
    reply = await boss.put(f"{PATH}/policy", json=wanted, headers={"If-Match": '"0"'})
    assert reply.status_code == 200
    shown = reply.json()
    assert (shown["policy"], shown["version"], shown["updated_by"]) == (wanted, 1, str(world.super_admin.user_id))
    assert shown["differences"] == [
        {"field": "name", "shipped": "default", "here": "busy season"},
        {"field": "workers.maximum", "shipped": 6, "here": 8},
    ]
    assert "changes no alarm, limit or instance of AWS" in shown["effect"]
    assert reply.headers["etag"] == '"1"'
    assert (await boss.get(f"{PATH}/policy")).json() == shown
    assert (await boss.get(f"{PATH}/status")).json()["maximum"] == 8
    again = await boss.put(f"{PATH}/policy", json=SHIPPED, headers={"If-Match": '"1"'})
    assert (again.json()["version"], again.json()["differences"]) == (2, [])
    events = superuser.execute(
        "select resource_id, details from audit.events where action = 'scaling_policy.change' and actor_id = %s"
        " order by id",
        [world.super_admin.user_id],
    ).fetchall()
    assert [name for name, _ in events] == ["busy season", "default"]
    assert events[0][1]["changes"] == {"name": ["default", "busy season"], "workers.maximum": [6, 8]}


async def test_a_policy_built_on_another_version_is_refused(api: ServiceClient, world: World) -> None:
    boss = api.as_(world.super_admin)
    assert (await boss.put(f"{PATH}/policy", json=SHIPPED)).status_code == 200
    stale = await boss.put(f"{PATH}/policy", json=SHIPPED, headers={"If-Match": '"0"'})
    assert_problem(stale, 412, "stale_version")
    assert (await boss.get(f"{PATH}/policy")).json()["version"] == 1


async def test_a_policy_that_makes_no_sense_is_refused_with_the_place(api: ServiceClient, world: World) -> None:
    wrong = SHIPPED | {"workers": SHIPPED["workers"] | {"minimum": 9}}
    reply = await api.as_(world.super_admin).put(f"{PATH}/policy", json=wrong)
    problem = assert_problem(reply, 422, "invalid_input")
    assert "/body/workers" in json.dumps(problem)
    assert "minimum 9 exceeds maximum 6" in json.dumps(problem)


async def test_history_lists_decisions_newest_first(
    api: ServiceClient, world: World, superuser: psycopg.Connection
) -> None:
    for number, verdict in enumerate(("hold", "scale_out", "hold")):
        record = {"verdict": verdict, "workers": 2, "capacity": 3, "reason": "Because.", "queue_length": number}
        alarms = {"high": "OK", "low": "OK", "policy_name": "default", "policy_version": 0}
        superuser.execute(
            "insert into ops.scaling_decisions (id, decision, decided_at) values (%s, %s, now() + %s * interval '1 s')",
            [new_id(), Jsonb(record | alarms), number],
        )
    boss = api.as_(world.super_admin)
    first = (await boss.get(f"{PATH}/history", params={"limit": 2, "with_total": True})).json()
    assert [item["queue_length"] for item in first["items"]] == [2, 1]
    assert first["total"] == 3
    rest = (await boss.get(f"{PATH}/history", params={"limit": 2, "cursor": first["next_cursor"]})).json()
    assert [item["verdict"] for item in rest["items"]] == ["hold"]
    assert rest["next_cursor"] is None


async def test_a_decision_of_another_release_is_left_out_of_the_history(
    api: ServiceClient, world: World, superuser: psycopg.Connection
) -> None:
    superuser.execute(
        "insert into ops.scaling_decisions (id, decision) values (%s, %s)", [new_id(), Jsonb({"verdict": "dance"})]
    )
    reply = await api.as_(world.super_admin).get(f"{PATH}/history")
    assert (reply.status_code, reply.json()["items"]) == (200, [])


@pytest.mark.parametrize("who", ["tenant_admin", "org_admin", "org_member"])
async def test_nobody_below_the_platform_sees_or_changes_any_of_it(api: ServiceClient, world: World, who: str) -> None:
    caller = api.as_(getattr(world.one, who))
    for path in ("status", "metrics", "recommendation", "policy", "history"):
        assert_problem(await caller.get(f"{PATH}/{path}"), 403, "forbidden")
    assert_problem(await caller.put(f"{PATH}/policy", json=SHIPPED), 403, "forbidden")
