"""Criteria that rest on what the emulator does not play: targets' health, copies that run, acts of scaling, history.

The answers are of AWS's shape: botocore's stubber holds them to its own model of each operation.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.stub import Stubber

from accunode_infra.aws import Session
from accunode_infra.output import Output
from accunode_infra.release.site import Site
from accunode_infra.verify.model import Found, Outcome, weigh
from accunode_infra.verify.phase3 import fleets, services, targets
from accunode_infra.verify.phase4 import responding
from accunode_infra.verify.phase5 import tried

SERVICES = ("auth", "tenants", "predictions", "bulk-upload")
TOPIC = "arn:aws:sns:us-east-1:111122223333:accunode-production-alerts"
Answers = Callable[..., None]


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch) -> Site:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    found = Site(Session(), "production", Output(json=True))
    found.exports = {
        "ClusterName": "accunode-production",
        "ApiGroupName": "accunode-production-api",
        "WorkerGroupName": "accunode-production-worker",
        "AlertTopicArn": TOPIC,
        **{
            f"{name}-{slot}TargetGroup": f"targetgroup/{name}-{slot.lower()}/0123456789abcdef"
            for name in SERVICES
            for slot in ("Blue", "Green")
        },
    }
    return found


@pytest.fixture
def answers(site: Site) -> Iterator[Answers]:
    stubs: dict[str, Stubber] = {}
    with ExitStack() as stack:

        def add(service: str, operation: str, answer: dict[str, Any]) -> None:
            if service not in stubs:
                stubs[service] = stack.enter_context(Stubber(site.client(service)))
            stubs[service].add_response(operation, answer)

        yield add
        for stub in stubs.values():
            stub.assert_no_pending_responses()


def found(facts: Any) -> Found:
    return weigh("", list(facts))


def group(name: str, zones: list[str], state: str = "InService") -> dict[str, Any]:
    shared = {"MaxSize": 4, "DesiredCapacity": 2, "DefaultCooldown": 300, "HealthCheckType": "EC2"}
    instances = [
        {
            "InstanceId": f"i-{number}",
            "AvailabilityZone": zone,
            "LifecycleState": state,
            "HealthStatus": "Healthy",
            "ProtectedFromScaleIn": False,
        }
        for number, zone in enumerate(zones)
    ]
    return {
        "AutoScalingGroupName": name,
        "MinSize": 2,
        "AvailabilityZones": zones,
        "CreatedTime": datetime(2026, 11, 1, tzinfo=UTC),
        "Instances": instances,
        **shared,
    }


@pytest.mark.parametrize(
    ("workers", "outcome", "told"),
    [
        (group("accunode-production-worker", ["us-east-1a", "us-east-1b"]), Outcome.PASS, "2 in service of 2 to 4"),
        (group("accunode-production-worker", ["us-east-1a", "us-east-1a"]), Outcome.FAIL, "in 1 zones"),
        (group("accunode-production-worker", ["us-east-1a", "us-east-1b"], "Pending"), Outcome.FAIL, "0 in service"),
        (None, Outcome.FAIL, "there is no group accunode-production-worker"),
    ],
)
def test_a_fleet_needs_its_minimum_in_two_zones(
    site: Site, answers: Answers, workers: dict[str, Any] | None, outcome: Outcome, told: str
) -> None:
    groups = [group("accunode-production-api", ["us-east-1a", "us-east-1b"]), *([workers] if workers else [])]
    answers("autoscaling", "describe_auto_scaling_groups", {"AutoScalingGroups": groups})
    result = found(fleets(site))
    assert (result.outcome, told in "\n".join(result.evidence)) == (outcome, True)


@pytest.mark.parametrize(
    ("states", "outcome", "told"),
    [
        (["healthy", "healthy"], Outcome.PASS, "auth: 2 healthy of 2 targets"),
        (["healthy", "healthy", "draining"], Outcome.PASS, "auth: 2 healthy of 2 targets"),
        (["healthy", "unhealthy"], Outcome.FAIL, "auth: 1 healthy of 2 targets"),
        (["healthy"], Outcome.FAIL, "auth: 1 healthy of 1 targets"),
    ],
)
def test_every_target_that_gets_requests_is_healthy_and_there_are_two(
    site: Site, answers: Answers, states: list[str], outcome: Outcome, told: str
) -> None:
    for _ in SERVICES:
        for healths in (states, []):
            answers("elbv2", "describe_target_groups", {"TargetGroups": [{"TargetGroupArn": "arn:of:the:group"}]})
            described = [{"Target": {"Id": "i-0"}, "TargetHealth": {"State": state}} for state in healths]
            answers("elbv2", "describe_target_health", {"TargetHealthDescriptions": described})
    result = found(targets(site))
    assert (result.outcome, told in "\n".join(result.evidence)) == (outcome, True)


@pytest.mark.parametrize(
    ("running", "outcome", "told"),
    [
        (2, Outcome.PASS, "auth has 2 copies"),
        (1, Outcome.FAIL, "accunode-production-auth-blue runs 1 of 2"),
        (0, Outcome.FAIL, "auth has 0 copies"),
    ],
)
def test_every_service_runs_what_it_wants_to_run(
    site: Site, answers: Answers, running: int, outcome: Outcome, told: str
) -> None:
    counts = {f"accunode-production-{name}-blue": (2, 2) for name in SERVICES}
    counts |= {f"accunode-production-{name}-green": (0, 0) for name in SERVICES}
    counts |= {"accunode-production-worker": (2, 2), "accunode-production-relay": (1, 1)}
    counts["accunode-production-auth-blue"] = (running, 2)
    listed = [
        {"serviceName": name, "runningCount": now, "desiredCount": wanted} for name, (now, wanted) in counts.items()
    ]
    arns = [f"arn:aws:ecs:us-east-1:111122223333:service/accunode-production/{name}" for name in counts]
    answers("ecs", "list_services", {"serviceArns": arns})
    answers("ecs", "describe_services", {"services": listed})
    result = found(services(site))
    assert (result.outcome, told in "\n".join(result.evidence)) == (outcome, True)


def act(status: str) -> dict[str, Any]:
    return {
        "ActivityId": "0",
        "ServiceNamespace": "ecs",
        "ResourceId": "service/accunode-production/accunode-production-worker",
        "ScalableDimension": "ecs:service:DesiredCount",
        "Description": "Setting desired count to 3.",
        "Cause": "monitor alarm in state ALARM",
        "StartTime": datetime(2026, 11, 26, 9, 30, tzinfo=UTC),
        "StatusCode": status,
    }


@pytest.mark.parametrize(
    ("acts", "outcome", "told"),
    [
        ([act("Successful")], Outcome.PASS, "Setting desired count to 3. (Successful, 2026-11-26 09:30)"),
        ([act("Failed")], Outcome.FAIL, "(Failed, 2026-11-26 09:30)"),
        ([], Outcome.UNKNOWN, "nothing has scaled yet"),
    ],
)
def test_scaling_rests_on_what_has_scaled(
    site: Site, answers: Answers, acts: list[dict[str, Any]], outcome: Outcome, told: str
) -> None:
    answers("application-autoscaling", "describe_scaling_activities", {"ScalingActivities": acts})
    result = found(responding(site))
    assert (result.outcome, told in "\n".join(result.evidence)) == (outcome, True)


@pytest.mark.parametrize(
    ("history", "outcome", "told"),
    [
        (["Alarm updated from OK to ALARM"], Outcome.PASS, "all 1 have rung"),
        (["Alarm updated from ALARM to OK"], Outcome.UNKNOWN, "1 of 1 have not rung"),
        ([], Outcome.UNKNOWN, "`accunode-infra alarms test`"),
    ],
)
def test_an_alarm_is_tried_when_it_has_rung_and_one_that_only_scales_need_not(
    site: Site, answers: Answers, history: list[str], outcome: Outcome, told: str
) -> None:
    alarms = [
        {"AlarmName": "accunode-production-database-cpu", "AlarmActions": [TOPIC]},
        {"AlarmName": "accunode-production-worker-scale-out", "AlarmActions": ["arn:of:a:policy"]},
    ]
    answers("cloudwatch", "describe_alarms", {"MetricAlarms": alarms})
    items = [{"HistorySummary": text, "HistoryItemType": "StateUpdate"} for text in history]
    answers("cloudwatch", "describe_alarm_history", {"AlarmHistoryItems": items})
    result = found(tried(site))
    assert (result.outcome, told in "\n".join(result.evidence)) == (outcome, True)
