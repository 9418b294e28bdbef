"""The pages of metrics: each shows what exists, with the lines of what was promised."""

import json
import re
from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest
from infra.cloudformation.tests.published import CHOICES, published
from infra.cloudformation.tests.resolved import of, with_template

from accunode_common.routing import SERVICES
from accunode_common.tasks.messages import Queue
from accunode_infra.resolve import resolve
from accunode_infra.templates import load

PAGES = ("Api", "Workers", "Data", "Cost")
BY = {
    "AWS/ApplicationELB": {("LoadBalancer",)},
    "AWS/AutoScaling": {("AutoScalingGroupName",)},
    "AWS/Billing": {("Currency",), ("ServiceName", "Currency")},
    "AWS/EC2": {("AutoScalingGroupName",)},
    "AWS/ECS": {("ClusterName", "ServiceName")},
    "AWS/ElastiCache": {("CacheClusterId",)},
    "AWS/RDS": {("DBInstanceIdentifier",)},
    "AccuNode": {(), ("Environment",), ("Environment", "Queue"), ("Environment", "Service")},
}
"""The dimensions by which a namespace publishes what the pages show: AWS's documentation of each service's metrics."""


@cache
def exported() -> frozenset[str]:
    """What the stacks export, by name."""
    return frozenset(name for stack in with_template() for name in of(stack.name).exports)


@cache
def page(name: str, **given: str) -> dict[str, Any]:
    """A page; what it imports is written as the name of the export."""
    found = resolve(load("dashboards"), given, imports={each: f"<{each}>" for each in exported()})
    body: dict[str, Any] = json.loads(found.resources[f"{name}Dashboard"].properties["DashboardBody"])
    return body


def widgets(name: str, **given: str) -> Iterator[dict[str, Any]]:
    for widget in page(name, **given)["widgets"]:
        if widget["type"] == "metric":
            yield widget["properties"]


def shown(name: str, **given: str) -> Iterator[tuple[str, str, dict[str, str]]]:
    """Each metric that a page shows: namespace, name, dimensions."""
    for widget in widgets(name, **given):
        for metric in widget["metrics"]:
            words = [each for each in metric if isinstance(each, str)]
            if words:
                namespace, metric_name, *rest = words
                yield namespace, metric_name, dict(zip(rest[::2], rest[1::2], strict=True))


def from_logs(choice: str) -> set[str]:
    """The metrics that are made of log lines."""
    return {
        transformation["MetricName"]
        for found in of("observability", Metrics=choice).of_type("AWS::Logs::MetricFilter")
        for transformation in found.properties["MetricTransformations"]
    }


def services() -> set[str]:
    """The ECS services, by name."""
    return {
        each.properties["ServiceName"]
        for stack in with_template()
        for each in of(stack.name).of_type("AWS::ECS::Service")
    }


@pytest.mark.parametrize("choice", CHOICES)
@pytest.mark.parametrize("name", PAGES)
def test_every_metric_is_published_by_somebody_under_those_dimensions(name: str, choice: str) -> None:
    ours = published(choice)
    for namespace, metric, dimensions in shown(name, Metrics=choice):
        assert tuple(dimensions) in BY[namespace], (namespace, metric)
        if namespace == "AccuNode" and dimensions:
            assert (metric, tuple(dimensions.items())) in ours, metric
        elif namespace == "AccuNode":
            assert metric in from_logs(choice), metric


def test_every_series_that_is_published_is_on_a_page_when_it_is_one_of_the_essential() -> None:
    choice = CHOICES[1]
    on_pages = {
        (metric, tuple(dimensions.items()))
        for name in PAGES
        for namespace, metric, dimensions in shown(name, Metrics=choice)
        if namespace == "AccuNode" and dimensions
    }
    assert on_pages == published(choice)


@pytest.mark.parametrize("name", PAGES)
def test_every_dimension_names_what_the_stacks_make(name: str) -> None:
    known = {
        "LoadBalancer": {"<accunode-production-LoadBalancerFullName>"},
        "AutoScalingGroupName": {"<accunode-production-ApiGroupName>", "<accunode-production-WorkerGroupName>"},
        "ClusterName": {"<accunode-production-ClusterName>"},
        "DBInstanceIdentifier": {"accunode-production-1"},
        "CacheClusterId": {"<accunode-production-CacheGroup>-001"},
        "Environment": {"production"},
        "Queue": {queue.value for queue in Queue},
        "Service": {service.name for service in SERVICES},
        "Currency": {"USD"},
    }
    for namespace, metric, dimensions in shown(name):
        for dimension, value in dimensions.items():
            if namespace == "AWS/ECS" and dimension == "ServiceName":
                assert value in services()
            elif dimension != "ServiceName":
                assert value in known[dimension], (metric, dimension)


@pytest.mark.parametrize("choice", CHOICES)
@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_as_wide_as_the_screen_and_nothing_lies_on_anything_else(name: str, choice: str) -> None:
    taken: set[tuple[int, int]] = set()
    for widget in page(name, Metrics=choice)["widgets"]:
        cells = {
            (x, y)
            for x in range(widget["x"], widget["x"] + widget["width"])
            for y in range(widget["y"], widget["y"] + widget["height"])
        }
        assert not cells & taken, widget["properties"]
        assert max(x for x, _ in cells) < 24
        taken |= cells


@pytest.mark.parametrize("name", PAGES)
def test_every_expression_names_the_metrics_beside_it(name: str) -> None:
    for widget in widgets(name):
        options = [each[-1] for each in widget["metrics"] if isinstance(each[-1], dict)]
        known = {each["id"] for each in options if "id" in each and "expression" not in each}
        for expression in (each["expression"] for each in options if "expression" in each):
            if not expression.startswith("SEARCH"):
                named = set(re.findall(r"\b[a-z]\w*\b", expression))
                assert named == known


def lines(page_name: str, title: str) -> set[float]:
    (found,) = [each for each in widgets(page_name) if each["title"].startswith(title)]
    return {each["value"] for each in found["annotations"]["horizontal"]}


def test_the_lines_are_those_of_what_was_promised_and_of_the_alarms() -> None:
    edge, worker = of("edge").parameters, of("worker").parameters
    assert lines("Api", "Response time, s") == {0.2, edge["ResponseTimeP95Seconds"]}
    assert lines("Api", "Answers with 5xx") == {edge["ErrorPercent"]}
    assert lines("Api", "CPU of API") == {of("compute").parameters["CpuPercent"]}
    service = of("service-auth").parameters
    assert lines("Api", "CPU of the services") == {service["ScaleOutCpu"], service["ScaleInCpu"]}
    assert lines("Workers", "Messages that wait") == {
        worker[name] for name in ("ScaleOutQueue", "ScaleInQueue", "BacklogQueue")
    }
    assert 0.05 in lines("Data", "Disk latency")
    (log,) = [each for each in page("Data")["widgets"] if each["type"] == "log"]
    (logged,) = of("data").of_type("AWS::RDS::DBParameterGroup")
    assert logged.properties["Parameters"]["log_min_duration_statement"] == "50"
    assert log["properties"]["title"] == "Statements slower than 50 ms"
    assert "SOURCE '/aws/rds/instance/accunode-production-1/postgresql'" in log["properties"]["query"]


@pytest.mark.parametrize(("errors", "left"), [(0, 100), (500, 50), (1000, 0), (2000, -100)])
def test_the_error_budget_is_what_is_left_of_one_in_a_thousand(errors: float, left: float) -> None:
    (budget,) = [each for each in widgets("Api") if each["title"].startswith("Error budget")]
    (expression,) = [each[-1]["expression"] for each in budget["metrics"] if "expression" in each[-1]]
    known = {"FILL": lambda value, instead: instead if value is None else value}
    reckoned = eval(expression, known, {"requests": 1_000_000, "target": errors, "balancer": None})
    assert reckoned == pytest.approx(left)
    assert (budget["period"], budget["start"]) == (30 * 86_400, "-P30D")


def test_the_page_of_costs_can_be_left_out() -> None:
    assert len(of("dashboards").of_type("AWS::CloudWatch::Dashboard")) == 4
    assert "CostDashboard" not in of("dashboards", CostPage="false").resources
