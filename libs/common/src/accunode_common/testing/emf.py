"""Checks log lines against the specification of CloudWatch's embedded metric format, and against our own limits."""

import json
from typing import Any

_UNITS = {"Count", "Seconds"}
_DIMENSIONS = {"Environment", "Queue", "Service"}


def checked(text: str) -> dict[str, Any]:
    """The line as a document.

    Raises:
        AssertionError: CloudWatch would make no metric, or another one, of it.
    """
    document: dict[str, Any] = json.loads(text)
    assert "\n" not in text
    assert len(text.encode()) < 256 * 1024
    about = document["_aws"]
    assert set(about) == {"Timestamp", "CloudWatchMetrics"}
    assert isinstance(about["Timestamp"], int)
    (directive,) = about["CloudWatchMetrics"]
    assert set(directive) == {"Namespace", "Dimensions", "Metrics"}
    assert directive["Namespace"] == "AccuNode"
    (split,) = directive["Dimensions"]
    assert "Environment" in split
    assert set(split) <= _DIMENSIONS, "every value of a dimension is a metric that costs"
    assert all(isinstance(document[name], str) and 0 < len(document[name]) <= 1024 for name in split)
    names = [metric["Name"] for metric in directive["Metrics"]]
    assert 0 < len(names) <= 100
    assert len(names) == len(set(names))
    assert {metric["Unit"] for metric in directive["Metrics"]} <= _UNITS
    for name in names:
        values = document[name] if isinstance(document[name], list) else [document[name]]
        assert 0 < len(values) <= 100, name
        assert all(isinstance(value, int | float) and not isinstance(value, bool) for value in values), name
    assert set(document) == {"_aws", *split, *names}
    return document


def metric_lines(text: str) -> list[dict[str, Any]]:
    """The documents among other lines of output, each checked."""
    return [checked(line) for line in text.splitlines() if '"_aws"' in line]
