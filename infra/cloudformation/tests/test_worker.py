"""The workers and the relay: how many there are, and that no work is lost when one goes."""

from typing import Any

import pytest
from infra.cloudformation.tests.alarms import TOPIC, alarm, reckoned, rule
from infra.cloudformation.tests.resolved import of

from accunode_common.scaling.policy import Alarm, shipped_policy
from accunode_infra.resolve import Resolved
from accunode_infra.templates import load

ABOVE, BELOW = "GreaterThanThreshold", "LessThanThreshold"
ALL_QUEUES = [{"Name": "Environment", "Value": "production"}]


def numbers(expected: Alarm) -> tuple[Any, ...]:
    return (
        expected.comparison.value,
        expected.threshold,
        expected.period_seconds,
        expected.evaluation_periods,
        expected.datapoints_to_alarm,
        expected.missing_data,
    )


def acting(found: Resolved, name: str) -> dict[str, Any]:
    configuration: dict[str, Any] = found.resources[name].properties["StepScalingPolicyConfiguration"]
    return configuration


def service(name: str, **given: str) -> dict[str, Any]:
    (found,) = of(name, **given).of_type("AWS::ECS::Service")
    return found.properties


def test_workers_are_two_to_six() -> None:
    (target,) = of("worker").of_type("AWS::ApplicationAutoScaling::ScalableTarget")
    policy = shipped_policy().workers
    assert (target.properties["MinCapacity"], target.properties["MaxCapacity"]) == (policy.minimum, policy.maximum)
    assert (policy.minimum, policy.maximum) == (2, 6)


def test_the_numbers_of_scaling_are_those_of_the_requirements() -> None:
    assert rule(alarm(of("worker"), "ScaleOutAlarm")) == (ABOVE, 50, 60, 3, 3, "ignore")
    assert rule(alarm(of("worker"), "ScaleInAlarm")) == (BELOW, 10, 60, 10, 10, "ignore")
    assert rule(alarm(of("worker"), "BacklogAlarm")) == (ABOVE, 100, 60, 5, 5, "ignore")


def test_scaling_has_the_numbers_of_the_policy_file() -> None:
    found, policy = of("worker"), shipped_policy()
    for name, expected in {"ScaleOut": policy.workers.scale_out, "ScaleIn": policy.workers.scale_in}.items():
        ringing = alarm(found, f"{name}Alarm")
        assert rule(ringing) == numbers(expected)
        assert ringing["AlarmActions"] == [{"Ref": f"{name}Policy"}]
        assert acting(found, f"{name}Policy")["Cooldown"] == expected.cooldown_seconds
        steps = [
            (step.get("MetricIntervalLowerBound"), step.get("MetricIntervalUpperBound"), step["ScalingAdjustment"])
            for step in acting(found, f"{name}Policy")["StepAdjustments"]
        ]
        assert steps == [(each.lower, each.upper, each.change) for each in expected.intervals()]
    assert rule(alarm(found, "BacklogAlarm")) == numbers(policy.backlog_alert)
    assert load("worker")["Parameters"]["BacklogPerWorker"]["Default"] == policy.tasks_per_minute_per_worker


@pytest.mark.parametrize("name", ["ScaleOutAlarm", "ScaleInAlarm", "BacklogAlarm"])
def test_the_alarms_read_the_length_of_all_queues_together(name: str) -> None:
    found = alarm(of("worker"), name)
    policy = shipped_policy().workers
    assert (found["Namespace"], found["MetricName"], found["Dimensions"]) == ("AccuNode", policy.metric, ALL_QUEUES)
    assert found["Statistic"] == policy.statistic


def test_people_are_told_of_a_backlog_and_not_of_scaling_at_work() -> None:
    assert alarm(of("worker"), "BacklogAlarm")["AlarmActions"] == [TOPIC]
    assert TOPIC not in alarm(of("worker"), "ScaleOutAlarm")["AlarmActions"]


@pytest.mark.parametrize(
    ("waiting", "instances", "exhausted"), [(51, 6, 1), (50, 6, 0), (10_000, 5, 0), (51, 7, 1), (0, 6, 0)]
)
def test_people_are_told_when_all_workers_run_and_do_not_suffice_for_a_quarter_of_an_hour(
    waiting: float, instances: float, exhausted: float
) -> None:
    found = alarm(of("worker"), "AtMaximumAlarm")
    assert reckoned(found, waiting=waiting, instances=instances) == exhausted
    assert rule(found) == ("GreaterThanOrEqualToThreshold", 1, 60, 15, 15, "notBreaching")
    assert found["AlarmActions"] == [TOPIC]


def test_scaling_towards_a_backlog_for_each_worker_takes_the_place_of_steps_when_chosen() -> None:
    found = of("worker", Scaling="backlog-per-worker")
    (policy,) = found.of_type("AWS::ApplicationAutoScaling::ScalingPolicy")
    tracking = policy.properties["TargetTrackingScalingPolicyConfiguration"]
    assert tracking["TargetValue"] == 100
    (expression,) = [
        each["Expression"] for each in tracking["CustomizedMetricSpecification"]["Metrics"] if "Expression" in each
    ]
    assert eval(expression, {"waiting": 600, "instances": 3}) == 200
    assert {"ScaleOutAlarm", "ScaleInAlarm"}.isdisjoint(found.resources)
    assert "BacklogAlarm" in found.resources


def test_a_known_peak_has_its_workers_ready_when_chosen() -> None:
    def scheduled(**given: str) -> Any:
        (target,) = of("worker", **given).of_type("AWS::ApplicationAutoScaling::ScalableTarget")
        return target.properties.get("ScheduledActions")

    assert scheduled() is None
    begins, ends = scheduled(PeakCount="4", PeakTimeZone="Europe/Berlin")
    assert (begins["ScalableTargetAction"], ends["ScalableTargetAction"]) == ({"MinCapacity": 4}, {"MinCapacity": 2})
    assert begins["Timezone"] == ends["Timezone"] == "Europe/Berlin"


def test_a_new_version_leaves_half_of_the_workers_at_work_and_one_that_fails_goes_back() -> None:
    deployment = service("worker")["DeploymentConfiguration"]
    assert (deployment["MinimumHealthyPercent"], deployment["MaximumPercent"]) == (50, 100)
    assert deployment["DeploymentCircuitBreaker"] == {"Enable": True, "Rollback": True}


def test_nothing_moves_a_busy_worker_and_each_has_an_instance() -> None:
    found = service("worker")
    assert found["AvailabilityZoneRebalancing"] == "DISABLED"
    assert found["PlacementConstraints"] == [{"Type": "distinctInstance"}]
    assert found["CapacityProviderStrategy"] == [
        {"CapacityProvider": {"Fn::ImportValue": "accunode-production-WorkerCapacityProvider"}, "Weight": 1}
    ]


def test_a_worker_may_ask_for_protection_in_its_own_cluster_and_keep_objects() -> None:
    (policy,) = of("worker").resources["TaskRole"].properties["Policies"]
    allowed = {
        action
        for statement in policy["PolicyDocument"]["Statement"]
        for action in ([statement["Action"]] if isinstance(statement["Action"], str) else statement["Action"])
    }
    protection = {"ecs:GetTaskProtection", "ecs:UpdateTaskProtection"}
    assert {each for each in allowed if not each.startswith("s3:")} == protection
    (statement,) = [each for each in policy["PolicyDocument"]["Statement"] if protection <= set(each["Action"])]
    text, values = statement["Resource"]["Fn::Sub"]
    assert ":task/${Cluster}/*" in text
    assert values["Cluster"] == {"Fn::ImportValue": "accunode-production-ClusterName"}


def test_there_is_one_relay_and_the_old_one_ends_before_the_new_one_begins() -> None:
    found = service("relay")
    assert found["DesiredCount"] == 1
    assert load("relay")["Parameters"]["DesiredCount"]["MaxValue"] == 1
    deployment = found["DeploymentConfiguration"]
    assert (deployment["MinimumHealthyPercent"], deployment["MaximumPercent"]) == (0, 100)
    # Spot takes instances of the workers back; the relay is among the API's.
    assert found["CapacityProviderStrategy"][0]["CapacityProvider"] == {
        "Fn::ImportValue": "accunode-production-ApiCapacityProvider"
    }


@pytest.mark.parametrize("name", ["worker", "relay"])
def test_people_are_told_when_none_runs(name: str) -> None:
    found = alarm(of(name), "DownAlarm")
    assert rule(found) == (BELOW, 1, 60, 5, 5, "breaching")
    assert (found["MetricName"], found["Statistic"]) == ("CPUUtilization", "SampleCount")
    assert {"Name": "ServiceName", "Value": {"Fn::GetAtt": ["Service", "Name"]}} in found["Dimensions"]
    assert found["AlarmActions"] == [TOPIC]


def test_the_relay_runs_the_relay_of_the_workers_image() -> None:
    (task,) = of("relay").of_type("AWS::ECS::TaskDefinition")
    (container,) = task.properties["ContainerDefinitions"]
    assert container["EntryPoint"] == ["python", "-m", "accunode_ml.relay"]


def test_the_database_is_prepared_by_the_command_that_every_image_has() -> None:
    (task,) = of("migrate").of_type("AWS::ECS::TaskDefinition")
    (container,) = task.properties["ContainerDefinitions"]
    assert [*container["EntryPoint"], *container["Command"]] == [
        "python",
        "-m",
        "accunode_common.migrations",
        "prepare",
    ]
    assert not of("migrate").of_type("AWS::ECS::Service")
