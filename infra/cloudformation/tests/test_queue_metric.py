"""The function that says how long the queues are: against a Redis that speaks TLS, and as the template carries it."""

import importlib.util
import json
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import boto3
import pytest
import redis
from infra.cloudformation.tests.alarms import TOPIC, alarm, rule
from infra.cloudformation.tests.conftest import CLOUDFORMATION
from infra.cloudformation.tests.resolved import of
from moto import mock_aws

from accunode_common.tasks.messages import Queue
from accunode_common.tasks.waiting import waiting_key
from accunode_common.testing.tls import Authority, authority, tls_in_front_of
from accunode_devstack.throwaway import throwaway_redis
from accunode_infra.templates import load

SOURCE = CLOUDFORMATION / "functions" / "queue_metric.py"
TOKEN = "a-token-of-the-cache-that-is-long"
PARAMETER = "/accunode/production/queue-metric/redis-token"


def function() -> dict[str, Any]:
    (found,) = of("queue-metric").of_type("AWS::Lambda::Function")
    return found.properties


@pytest.fixture(scope="module")
def cache() -> Iterator[redis.Redis]:
    """A Redis of the test's own that asks for the token."""
    with throwaway_redis() as server, redis.Redis.from_url(server.url, decode_responses=True) as client:
        client.acl_setuser("default", enabled=True, reset_passwords=True, passwords=[f"+{TOKEN}"])
        with redis.Redis(
            host=client.connection_pool.connection_kwargs["host"],
            port=client.connection_pool.connection_kwargs["port"],
            password=TOKEN,
            decode_responses=True,
        ) as admitted:
            yield admitted


@pytest.fixture
def trusted(tmp_path: Path) -> Authority:
    """Who signed the certificate of the cache."""
    return authority(tmp_path, "cache")


@pytest.fixture
def module(monkeypatch: pytest.MonkeyPatch, trusted: Authority) -> Iterator[ModuleType]:
    """The function as it starts cold, with the environment of the template, and the token in a parameter store."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("SSL_CERT_FILE", str(trusted.file))
    for name, value in function()["Environment"]["Variables"].items():
        if isinstance(value, str):
            monkeypatch.setenv(name, value)
    spec = importlib.util.spec_from_file_location("index", SOURCE)
    assert spec is not None
    assert spec.loader is not None
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    with mock_aws():
        boto3.client("ssm").put_parameter(Name=PARAMETER, Value=TOKEN, Type="SecureString")
        yield made


Measure = Callable[[], list[dict[str, Any]]]


@pytest.fixture
def measure(
    module: ModuleType,
    cache: redis.Redis,
    trusted: Authority,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Iterator[Measure]:
    """Calls the function, and reads what it printed."""
    plain = cache.connection_pool.connection_kwargs["port"]
    with tls_in_front_of(plain, trusted.context("127.0.0.1")) as port:
        monkeypatch.setenv("CACHE_HOST", "127.0.0.1")
        monkeypatch.setenv("CACHE_PORT", str(port))

        def call() -> list[dict[str, Any]]:
            module.handler({}, None)
            return [json.loads(line) for line in capsys.readouterr().out.splitlines()]

        yield call


def values(printed: list[dict[str, Any]]) -> dict[str | None, int]:
    return {line.get("Queue"): line["QueueLength"] for line in printed}


def test_each_queue_and_all_together_are_counted(measure: Measure, cache: redis.Redis) -> None:
    cache.flushall()
    cache.rpush(waiting_key(Queue.BULK), *range(37))
    cache.rpush(waiting_key(Queue.INTERACTIVE), "one")
    assert values(measure()) == {"interactive": 1, "bulk": 37, "maintenance": 0, None: 38}


def test_queues_that_redis_does_not_know_are_empty(measure: Measure, cache: redis.Redis) -> None:
    cache.flushall()
    assert values(measure()) == {"interactive": 0, "bulk": 0, "maintenance": 0, None: 0}


def test_the_essential_is_the_length_of_all_queues_together(
    measure: Measure, cache: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("METRICS", "emf-essential")
    cache.flushall()
    cache.rpush(waiting_key(Queue.BULK), *range(37))
    assert values(measure()) == {None: 37}


def test_what_is_printed_is_the_metric_that_the_alarms_read(measure: Measure) -> None:
    for line in measure():
        (described,) = line["_aws"]["CloudWatchMetrics"]
        assert described["Namespace"] == "AccuNode"
        assert described["Metrics"] == [{"Name": "QueueLength", "Unit": "Count"}]
        assert described["Dimensions"] == [["Environment", "Queue"] if "Queue" in line else ["Environment"]]
        assert line["Environment"] == "production"
        assert isinstance(line["_aws"]["Timestamp"], int)


def test_a_token_that_changed_is_read_anew_the_minute_after(
    measure: Measure, module: ModuleType, cache: redis.Redis
) -> None:
    measure()
    cache.acl_setuser("default", enabled=True, passwords=["+another-token-of-the-cache", f"-{TOKEN}"])
    try:
        with pytest.raises(module.QueueMetricError, match="WRONGPASS"):
            measure()
        boto3.client("ssm").put_parameter(
            Name=PARAMETER, Value="another-token-of-the-cache", Type="SecureString", Overwrite=True
        )
        assert None in values(measure())
    finally:
        cache.acl_setuser("default", enabled=True, passwords=[f"+{TOKEN}", "-another-token-of-the-cache"])


def test_a_cache_that_somebody_else_plays_is_not_told_the_token(
    measure: Measure, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(authority(tmp_path, "another").file))
    with pytest.raises(OSError, match="CERTIFICATE_VERIFY_FAILED"):
        measure()


def test_a_cache_that_is_away_fails_the_call(measure: Measure, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        monkeypatch.setenv("CACHE_PORT", str(free.getsockname()[1]))
        with pytest.raises(ConnectionRefusedError):
            measure()


def test_the_template_carries_the_function_that_is_tested() -> None:
    carried = load("queue-metric")["Resources"]["Function"]["Properties"]["Code"]["ZipFile"]
    assert carried == SOURCE.read_text()
    assert len(carried) <= 4096


def test_the_function_measures_the_queues_of_the_product() -> None:
    told = function()["Environment"]["Variables"]
    assert told["QUEUES"].split(",") == [queue.value for queue in Queue]
    assert all(told["KEY_PREFIX"] + queue == waiting_key(queue) for queue in Queue)
    assert told["TOKEN_PARAMETER"] == PARAMETER


def test_the_function_runs_each_minute_within_the_network() -> None:
    found = of("queue-metric")
    (schedule,) = found.of_type("AWS::Scheduler::Schedule")
    assert schedule.properties["ScheduleExpression"] == "rate(1 minute)"
    assert schedule.properties["FlexibleTimeWindow"] == {"Mode": "OFF"}
    assert (function()["Runtime"], function()["Architectures"]) == ("python3.13", ["arm64"])
    assert function()["VpcConfig"]["SecurityGroupIds"] == [
        {"Fn::ImportValue": "accunode-production-FunctionSecurityGroup"},
        {"Fn::ImportValue": "accunode-production-CacheClientSecurityGroup"},
    ]
    groups = {each.properties["LogGroupName"] for each in of("observability").of_type("AWS::Logs::LogGroup")}
    assert function()["LoggingConfig"]["LogGroup"] in groups


def test_people_are_told_when_nobody_says_how_long_the_queues_are() -> None:
    found = alarm(of("queue-metric"), "SilentAlarm")
    assert rule(found) == ("LessThanThreshold", 1, 60, 5, 5, "breaching")
    assert (found["MetricName"], found["Statistic"]) == ("QueueLength", "SampleCount")
    assert found["AlarmActions"] == [TOPIC]
