"""Figures as CloudWatch's embedded metric format."""

import io
import json
import select
from typing import Any

import pytest

from accunode_common.emf import Dimension, Metric, MetricsScope, Minutes, Unit, line, write
from accunode_common.settings import MetricsSettings
from accunode_common.tasks.messages import Queue
from accunode_common.testing.emf import checked


def test_a_line_names_its_metrics_their_units_and_what_splits_them() -> None:
    document = checked(
        line(
            "staging",
            [Metric("QueueLength", 3), Metric("QueueOldestSeconds", 1.5, Unit.SECONDS)],
            dimensions={Dimension.QUEUE: "bulk"},
            at=1_700_000_000.5,
        )
    )
    assert document == {
        "_aws": {
            "Timestamp": 1_700_000_000_500,
            "CloudWatchMetrics": [
                {
                    "Namespace": "AccuNode",
                    "Dimensions": [["Environment", "Queue"]],
                    "Metrics": [
                        {"Name": "QueueLength", "Unit": "Count"},
                        {"Name": "QueueOldestSeconds", "Unit": "Seconds"},
                    ],
                }
            ],
        },
        "Environment": "staging",
        "Queue": "bulk",
        "QueueLength": 3,
        "QueueOldestSeconds": 1.5,
    }


def test_of_many_values_a_hundred_keep_the_percentiles() -> None:
    values = [float(number) for number in range(10_000)]
    document = checked(line("production", [Metric("Latency", values[::-1], Unit.SECONDS)]))
    kept = document["Latency"]
    assert len(kept) == 100
    for percent in (50, 95, 99):
        assert kept[percent - 1] < values[percent * 100] <= kept[percent]


class Pipe(io.RawIOBase):
    """What the system is asked to write, each at one go."""

    def __init__(self) -> None:
        self.writes: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self.writes.append(bytes(data))
        return len(data)


def test_each_of_the_longest_lines_is_written_whole_beside_other_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    pipe = Pipe()
    monkeypatch.setattr("sys.stdout", io.TextIOWrapper(io.BufferedWriter(pipe)))
    times = [number + 0.123 for number in range(86_400)]
    metrics = [Metric(name, times, Unit.SECONDS) for name in ("TaskWaitSeconds", "TaskRunSeconds")]
    write([line("a-long-name-here", metrics, dimensions={Dimension.QUEUE: queue}) for queue in Queue])
    assert [checked(each.decode().removesuffix("\n"))["Queue"] for each in pipe.writes] == list(Queue)
    assert max(map(len, pipe.writes)) <= select.PIPE_BUF


def test_metrics_without_a_value_are_left_out() -> None:
    document = checked(line("production", [Metric("Requests", 0), Metric("Latency", [], Unit.SECONDS)]))
    assert "Latency" not in json.dumps(document)


def test_a_minute_is_told_once() -> None:
    minutes = Minutes(now=59)
    assert [minutes.turned(now) for now in (59.9, 60, 61, 119, 240, 241)] == [False, True, False, False, True, False]


@pytest.mark.parametrize(
    ("settings", "scope"),
    [
        ({}, None),
        ({"metrics": "emf"}, MetricsScope("local")),
        ({"metrics": "emf", "metrics_environment": "staging"}, MetricsScope("staging")),
        ({"metrics": "emf-essential", "metrics_environment": "staging"}, MetricsScope("staging", essential=True)),
    ],
)
def test_metrics_belong_to_the_environment_that_the_stacks_are_called_by(
    settings: dict[str, str], scope: MetricsScope | None
) -> None:
    assert MetricsSettings.from_values(settings).scope == scope
