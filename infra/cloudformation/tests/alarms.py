"""Alarms as CloudWatch reads them, for the tests: their numbers, and their metric math reckoned for a minute."""

import re
from collections.abc import Mapping
from typing import Any

from accunode_infra.resolve import Resolved

TOPIC = {"Fn::ImportValue": "accunode-production-AlertTopicArn"}


def alarm(found: Resolved, name: str) -> dict[str, Any]:
    """An alarm's properties, by its logical name."""
    resource = found.resources[name]
    assert resource.type == "AWS::CloudWatch::Alarm"
    return resource.properties


def rule(properties: Mapping[str, Any]) -> tuple[Any, ...]:
    """When an alarm rings: comparison, threshold, period, periods, datapoints, what no data means."""
    metrics = [each["MetricStat"] for each in properties.get("Metrics", []) if "MetricStat" in each]
    (period,) = {each["Period"] for each in metrics} or {properties.get("Period")}
    return (
        properties["ComparisonOperator"],
        properties["Threshold"],
        period,
        properties["EvaluationPeriods"],
        properties["DatapointsToAlarm"],
        properties["TreatMissingData"],
    )


def reckoned(properties: Mapping[str, Any], **values: float | None) -> float:
    """What an alarm's expression makes of the values of a minute; None for a metric without any."""
    (expression,) = [each["Expression"] for each in properties["Metrics"] if "Expression" in each]
    assert {each["Id"] for each in properties["Metrics"] if "MetricStat" in each} == set(values)
    known = {
        "__builtins__": {},
        "IF": lambda condition, then, otherwise: then() if condition else otherwise(),
        "FILL": lambda value, instead: instead if value is None else value,
        **values,
    }
    python = re.sub(r"\bIF\((.*?), (.*), (.*)\)$", r"IF(\1, lambda: \2, lambda: \3)", expression)
    return float(eval(python.replace(" AND ", " and "), known))
