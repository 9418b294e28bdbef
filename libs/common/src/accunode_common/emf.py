"""Figures as log lines that CloudWatch turns into metrics: its embedded metric format.

After "Specification: Embedded metric format" of the CloudWatch user guide: a line is one JSON object, whose `_aws`
names the metrics and dimensions among its other members; an array holds at most 100 values.
"""

import json
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

NAMESPACE = "AccuNode"
MOST_VALUES = 100
MINUTE_SECONDS = 60


class Unit(StrEnum):
    """CloudWatch's names of units."""

    COUNT = "Count"
    SECONDS = "Seconds"


class Dimension(StrEnum):
    """What a metric may be split by beside the environment: few values each, as every combination costs."""

    QUEUE = "Queue"
    SERVICE = "Service"


@dataclass(frozen=True, slots=True)
class MetricsScope:
    """Whose metrics are published, and which.

    Attributes:
        environment: The `Environment` they belong to.
        essential: Whether only those without another dimension are, few enough to be free of charge.
    """

    environment: str
    essential: bool = False


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric of a line.

    Attributes:
        name: CloudWatch's name of it.
        value: Its value, or values of which CloudWatch makes percentiles, of which `MOST_VALUES` are kept.
        unit: The unit of them.
    """

    name: str
    value: float | Sequence[float]
    unit: Unit = Unit.COUNT


def line(
    environment: str,
    metrics: Sequence[Metric],
    *,
    dimensions: Mapping[Dimension, str] | None = None,
    at: float | None = None,
) -> str:
    """The log line of some metrics; those without any value are left out.

    Args:
        environment: The `Environment` they belong to.
        metrics: At most 100.
        dimensions: What they are split by beside it.
        at: Their moment in seconds since 1970, else now.
    """
    split = {"Environment": environment, **{str(name): value for name, value in (dimensions or {}).items()}}
    kept = [metric for metric in metrics if not isinstance(metric.value, Sequence) or metric.value]
    directive = {
        "Namespace": NAMESPACE,
        "Dimensions": [list(split)],
        "Metrics": [{"Name": metric.name, "Unit": metric.unit} for metric in kept],
    }
    moment = int((time.time() if at is None else at) * 1000)
    values = {metric.name: _fitting(metric.value) for metric in kept}
    return json.dumps({"_aws": {"Timestamp": moment, "CloudWatchMetrics": [directive]}, **split, **values})


def write(lines: Sequence[str]) -> None:
    """Print lines to standard output, where a container's log driver takes them.

    Each at one go, as a pipe keeps no more than 4096 bytes together when several processes write to it.
    """
    for each in lines:
        sys.stdout.write(f"{each}\n")
        sys.stdout.flush()


class Minutes:
    """Says once a minute that a minute has begun; the one in which it was made has begun already."""

    def __init__(self, now: float | None = None) -> None:
        self._minute = self._of(now)

    def turned(self, now: float | None = None) -> bool:
        """Whether a minute has begun since this last was asked.

        Args:
            now: The moment in seconds since 1970, else now.
        """
        before, self._minute = self._minute, self._of(now)
        return self._minute != before

    @staticmethod
    def _of(now: float | None) -> int:
        return int((time.time() if now is None else now) // MINUTE_SECONDS)


def _fitting(value: float | Sequence[float]) -> float | list[float]:
    """Values few enough for a line: of more than 100, a hundred at even ranks, which keep the percentiles."""
    if not isinstance(value, Sequence):
        return value
    if len(value) <= MOST_VALUES:
        return list(value)
    ranked = sorted(value)
    return [ranked[(2 * rank + 1) * len(ranked) // (2 * MOST_VALUES)] for rank in range(MOST_VALUES)]
