"""A service in two slots: who gets its requests, how a copy runs, and how many there are."""

import fnmatch
from collections.abc import Iterator
from typing import Any

import pytest
from infra.cloudformation.tests.alarms import TOPIC, alarm, reckoned, rule
from infra.cloudformation.tests.resolved import IMAGE, of

from accunode_common.routing import SERVICES
from accunode_common.scaling.policy import FleetPolicy, shipped_policy
from accunode_common.serve import ServeSettings
from accunode_infra.errors import RefusedError
from accunode_infra.resolve import Resolved
from accunode_infra.stacks import PATTERNS_PER_RULE, RULES_PER_SERVICE, path_patterns

NAMES = [service.name for service in SERVICES]
VALUES_PER_CONDITION, VALUES_PER_RULE = 3, 5
"""Match evaluations of a condition and of a rule, as "Condition types for listener rules" of AWS's guide has them."""


def stack(service: str, **given: str) -> Resolved:
    return of(f"service-{service}", **given)


def rules(service: str, **given: str) -> Iterator[tuple[int, list[str], str | None, Any]]:
    """A service's rules: priority, path patterns, the header's value, the action."""
    for found in stack(service, **given).of_type("AWS::ElasticLoadBalancingV2::ListenerRule"):
        paths, slot = [], None
        for condition in found.properties["Conditions"]:
            if condition["Field"] == "path-pattern":
                paths = condition["PathPatternConfig"]["Values"]
            else:
                assert condition["HttpHeaderConfig"]["HttpHeaderName"] == "X-AccuNode-Slot"
                (slot,) = condition["HttpHeaderConfig"]["Values"]
        yield int(found.properties["Priority"]), paths, slot, found.properties["Actions"][0]


def answering(path: str) -> list[str]:
    """The services, one for each rule without a header that matches the path."""
    return [
        name
        for name in NAMES
        for _, patterns, slot, _ in rules(name)
        for pattern in patterns
        if slot is None and fnmatch.fnmatchcase(path, pattern)
    ]


def test_every_prefix_of_the_path_table_leads_to_its_service_by_one_pattern() -> None:
    for service in SERVICES:
        for prefix in service.prefixes:
            assert answering(prefix) == answering(f"{prefix}/below/it") == [service.name]
            assert answering(f"{prefix}-other") == []
    assert answering("/metrics") == answering("/ready") == answering("/health") == answering("/") == []


def test_no_rule_has_more_values_than_the_load_balancer_takes_nor_the_priority_of_another() -> None:
    priorities = []
    for name in NAMES:
        for priority, patterns, slot, _ in rules(name):
            priorities.append(priority)
            assert len(patterns) <= PATTERNS_PER_RULE <= VALUES_PER_CONDITION
            assert len(patterns) + (slot is not None) <= VALUES_PER_RULE
    assert len(priorities) == len(set(priorities))
    assert all(1 <= priority <= 50_000 for priority in priorities)


def test_rules_without_paths_are_not_made() -> None:
    for service in SERVICES:
        expected = len(path_patterns(service))
        assert expected <= RULES_PER_SERVICE
        assert len(list(rules(service.name))) == 2 * expected


@pytest.mark.parametrize(("active", "idle"), [("blue", "green"), ("green", "blue")])
def test_the_header_leads_to_the_idle_slot_before_the_weights_are_looked_at(active: str, idle: str) -> None:
    found = list(rules("auth", ActiveSlot=active, BlueWeight="90", GreenWeight="10"))
    by_header = [each for each in found if each[2] is not None]
    by_weight = [each for each in found if each[2] is None]
    assert {slot for _, _, slot, _ in by_header} == {idle}
    assert {action["TargetGroupArn"]["Ref"] for *_, action in by_header} == {f"{idle.capitalize()}TargetGroup"}
    assert max(each[0] for each in by_header) < min(each[0] for each in by_weight)
    assert [each[1] for each in by_header] == [each[1] for each in by_weight]
    for *_, action in by_weight:
        weights = {each["TargetGroupArn"]["Ref"]: each["Weight"] for each in action["ForwardConfig"]["TargetGroups"]}
        assert weights == {"BlueTargetGroup": 90, "GreenTargetGroup": 10}


def test_health_is_looked_at_as_the_requirements_have_it_and_requests_under_way_may_end() -> None:
    for group in stack("auth").of_type("AWS::ElasticLoadBalancingV2::TargetGroup"):
        properties = group.properties
        assert properties["HealthCheckPath"] == "/health"
        assert properties["HealthCheckPort"] == "traffic-port"
        assert properties["Matcher"] == {"HttpCode": "200"}
        numbers = ("HealthCheckIntervalSeconds", "HealthCheckTimeoutSeconds", "HealthyThresholdCount")
        assert [properties[name] for name in (*numbers, "UnhealthyThresholdCount")] == [10, 5, 2, 3]
        attributes = {each["Key"]: each["Value"] for each in properties["TargetGroupAttributes"]}
        assert attributes["deregistration_delay.timeout_seconds"] == "30"
        # The load balancer sends new requests elsewhere before the copy is told to end.
        assert ServeSettings.model_fields["drain_seconds"].default < 30


def test_the_slots_differ_in_nothing_but_their_name() -> None:
    found = stack("bulk-upload")

    def kinds(slot: str, other: str) -> dict[str, str]:
        return {
            name.replace(slot, "Slot"): repr(resource.properties).replace(slot, "Slot").replace(slot.lower(), "slot")
            for name, resource in found.resources.items()
            if name.startswith(slot) and other not in name
        }

    same = {"BlueCount": "1", "GreenCount": "1"}
    found = stack("bulk-upload", **same)
    blue, green = kinds("Blue", "Green"), kinds("Green", "Blue")
    assert set(blue) == {"SlotTargetGroup", "SlotTaskDefinition", "SlotService", "SlotErrorAlarm"}
    assert blue == green


def test_a_slot_without_an_image_is_not_there_and_the_active_one_must_have_one() -> None:
    found = stack("auth", GreenImage="")
    assert {"GreenService", "GreenTaskDefinition", "GreenErrorAlarm"}.isdisjoint(found.resources)
    # Its target group stays, as the weights name it.
    assert "GreenTargetGroup" in found.resources
    with pytest.raises(RefusedError, match="active slot is green, so give GreenImage"):
        stack("auth", GreenImage="", ActiveSlot="green")


@pytest.mark.parametrize("image", ["accunode/auth:latest", IMAGE.replace("@sha256:", ":"), IMAGE[:-1]])
def test_an_image_is_named_by_digest_or_refused(image: str) -> None:
    with pytest.raises(RefusedError, match="an image of ECR by digest"):
        stack("auth", BlueImage=image)


@pytest.mark.parametrize("slot", ["Blue", "Green"])
def test_a_deployment_that_fails_goes_back_and_one_copy_a_node_runs_in_two_zones(slot: str) -> None:
    service = stack("auth").resources[f"{slot}Service"].properties
    deployment = service["DeploymentConfiguration"]
    assert deployment["DeploymentCircuitBreaker"] == {"Enable": True, "Rollback": True}
    assert deployment["Alarms"] == {"Enable": True, "Rollback": True, "AlarmNames": [{"Ref": f"{slot}ErrorAlarm"}]}
    assert service["PlacementConstraints"] == [{"Type": "distinctInstance"}]
    assert service["PlacementStrategies"] == [{"Type": "spread", "Field": "attribute:ecs.availability-zone"}]
    # With a copy on each of two nodes, a new one needs the place of an old one.
    assert (deployment["MinimumHealthyPercent"], deployment["MaximumPercent"]) == (50, 100)
    # A target group takes copies once a listener forwards to it.
    assert "Rule1" in stack("auth").resources[f"{slot}Service"].attributes["DependsOn"]


@pytest.mark.parametrize("slot", ["blue", "green"])
def test_the_active_slot_scales_and_the_other_does_not(slot: str) -> None:
    found = stack("auth", ActiveSlot=slot)
    active = {"Fn::GetAtt": [f"{slot.capitalize()}Service", "Name"]}
    (target,) = found.of_type("AWS::ApplicationAutoScaling::ScalableTarget")
    assert target.properties["ResourceId"]["Fn::Sub"][1]["Service"] == active
    assert (target.properties["MinCapacity"], target.properties["MaxCapacity"]) == (2, 4)
    for name in ("ScaleOutAlarm", "ScaleInAlarm"):
        assert {"Name": "ServiceName", "Value": active} in alarm(found, name)["Dimensions"]


def policy() -> FleetPolicy:
    return shipped_policy().api


@pytest.mark.parametrize("service", NAMES)
def test_scaling_has_the_numbers_of_the_policy_file(service: str) -> None:
    found = stack(service)
    for name, expected in {"ScaleOut": policy().scale_out, "ScaleIn": policy().scale_in}.items():
        ringing = alarm(found, f"{name}Alarm")
        assert rule(ringing) == (
            expected.comparison.value,
            expected.threshold,
            expected.period_seconds,
            expected.evaluation_periods,
            expected.datapoints_to_alarm,
            expected.missing_data,
        )
        assert (ringing["Namespace"], ringing["MetricName"]) == ("AWS/ECS", policy().metric)
        assert ringing["Statistic"] == policy().statistic
        assert ringing["AlarmActions"] == [{"Ref": f"{name}Policy"}]
        acting = found.resources[f"{name}Policy"].properties["StepScalingPolicyConfiguration"]
        assert acting["Cooldown"] == expected.cooldown_seconds
        steps = [
            (step.get("MetricIntervalLowerBound"), step.get("MetricIntervalUpperBound"), step["ScalingAdjustment"])
            for step in acting["StepAdjustments"]
        ]
        assert steps == [(each.lower, each.upper, each.change) for each in expected.intervals()]


def test_the_numbers_of_scaling_are_those_of_the_requirements() -> None:
    out, back = alarm(stack("auth"), "ScaleOutAlarm"), alarm(stack("auth"), "ScaleInAlarm")
    assert rule(out) == ("GreaterThanThreshold", 70, 60, 2, 2, "ignore")
    assert rule(back) == ("LessThanThreshold", 50, 60, 5, 5, "ignore")


def test_a_known_peak_has_its_copies_ready_when_chosen() -> None:
    def scheduled(**given: str) -> Any:
        (target,) = stack("auth", **given).of_type("AWS::ApplicationAutoScaling::ScalableTarget")
        return target.properties.get("ScheduledActions")

    assert scheduled() is None
    begins, ends = scheduled(PeakCount="3", PeakTimeZone="Europe/Berlin")
    assert (begins["ScalableTargetAction"], ends["ScalableTargetAction"]) == ({"MinCapacity": 3}, {"MinCapacity": 2})
    assert begins["Timezone"] == "Europe/Berlin"


@pytest.mark.parametrize(
    ("requests", "errors", "percent"), [(100, 5, 5), (100, None, 0), (10, 10, 100), (9, 9, 0), (0, None, 0)]
)
def test_a_slot_rings_for_its_share_of_errors(requests: float, errors: float | None, percent: float) -> None:
    found = alarm(stack("auth"), "GreenErrorAlarm")
    assert reckoned(found, requests=requests, errors=errors) == percent
    assert rule(found) == ("GreaterThanThreshold", 5, 60, 3, 2, "notBreaching")
    assert found["AlarmActions"] == [TOPIC]


def test_people_are_told_when_fewer_copies_are_healthy_than_must_run() -> None:
    found = alarm(stack("auth", ActiveSlot="green"), "HealthyCopiesAlarm")
    # No copy at all is no data.
    assert rule(found) == ("LessThanThreshold", 2, 60, 5, 5, "breaching")
    group = {"Name": "TargetGroup", "Value": {"Fn::GetAtt": ["GreenTargetGroup", "TargetGroupFullName"]}}
    assert group in found["Dimensions"]


@pytest.mark.parametrize("service", NAMES)
def test_a_service_may_do_nothing_at_aws_but_keep_the_objects_of_uploads(service: str) -> None:
    found = stack(service)
    assert "Policies" not in found.resources["TaskRole"].properties
    policies = found.of_type("AWS::IAM::RolePolicy")
    assert len(policies) == (service == "bulk-upload")
    for statement in [each for policy in policies for each in policy.properties["PolicyDocument"]["Statement"]]:
        assert "${Bucket}" in statement["Resource"]["Fn::Sub"][0]
