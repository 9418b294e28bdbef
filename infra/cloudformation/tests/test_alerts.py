"""Alerts and costs: where alarms go, what is counted in logs, and which spending is told."""

import json
import re
from typing import Any

import pytest
from infra.cloudformation.tests import resolved
from infra.cloudformation.tests.alarms import alarm, rule
from infra.cloudformation.tests.conftest import CLOUDFORMATION

from accunode_common.routing import SERVICES
from accunode_infra.tiers import Tier, Variant

LOGS = {service.name for service in SERVICES} | {"worker", "relay", "migrate", "queue-metric"}
RETENTION = {Tier.STARTUP: 14, Tier.GROWTH: 30, Tier.SCALE: 90}


def test_every_alarm_tells_the_topic_when_it_rings_and_when_it_ends() -> None:
    own = [{"Ref": "AlertTopic"}]
    imported = [{"Fn::ImportValue": "accunode-production-AlertTopicArn"}]
    told = [each for each in resolved.resources("AWS::CloudWatch::Alarm") if TELLS(each.properties)]
    assert len(told) > 20
    for each in told:
        expected = own if each.stack.name == "observability" else imported
        assert each.properties["AlarmActions"] == expected, each.where
        assert each.properties["OKActions"] == expected, each.where


def TELLS(properties: dict[str, Any]) -> bool:  # noqa: N802
    """Whether an alarm is for people; the others ring a scaling policy."""
    return not any("Ref" in each and "Policy" in each["Ref"] for each in properties["AlarmActions"])


def test_every_alarm_says_what_silence_means_and_where_to_read_on() -> None:
    for each in resolved.resources("AWS::CloudWatch::Alarm"):
        assert each.properties["TreatMissingData"] in {"breaching", "notBreaching", "ignore"}, each.where
        assert each.properties["AlarmName"].startswith("accunode-production-"), each.where
        if TELLS(each.properties):
            assert len(each.properties["AlarmDescription"]) > 20, each.where


def test_the_runbooks_that_alarms_name_are_there() -> None:
    named = {
        page
        for each in resolved.resources("AWS::CloudWatch::Alarm")
        for page in re.findall(r"docs/runbooks/[\w-]+\.md", each.properties["AlarmDescription"])
    }
    assert len(named) > 3
    root = CLOUDFORMATION.parents[1]
    assert [page for page in sorted(named) if not (root / page).is_file()] == []


def test_alarms_names_differ() -> None:
    names = [each.properties["AlarmName"] for each in resolved.resources("AWS::CloudWatch::Alarm")]
    assert len(names) == len(set(names))


def test_mail_and_text_messages_are_sent_only_to_whom_is_named() -> None:
    def protocols(**given: str) -> list[str]:
        found = resolved.of("observability", **given).of_type("AWS::SNS::Subscription")
        return [each.properties["Protocol"] for each in found]

    assert protocols() == ["email", "sms"]
    assert protocols(AlertPhone="") == ["email"]
    assert protocols(AlertEmail="", AlertPhone="") == []


def test_alerts_are_encrypted_with_a_key_that_alarms_and_budgets_may_use() -> None:
    found = resolved.of("observability").resources
    assert found["AlertTopic"].properties["KmsMasterKeyId"] == {"Fn::GetAtt": ["AlertKey", "Arn"]}
    assert found["AlertKey"].properties["EnableKeyRotation"] is True

    def services(policy: dict[str, Any], action: str) -> set[str]:
        granted: set[str] = set()
        for statement in policy["Statement"]:
            if action in str(statement["Action"]) and "Service" in statement["Principal"]:
                names = statement["Principal"]["Service"]
                granted |= set(names if isinstance(names, list) else [names])
        return granted

    publishers = services(found["AlertTopicPolicy"].properties["PolicyDocument"], "sns:Publish")
    assert {"cloudwatch.amazonaws.com", "events.amazonaws.com", "budgets.amazonaws.com"} <= publishers
    assert services(found["AlertKey"].properties["KeyPolicy"], "kms:Decrypt") == publishers


@pytest.mark.parametrize(("tier", "variant"), resolved.SIZES)
def test_each_service_has_a_log_that_is_kept_longer_in_larger_tiers(tier: Tier, variant: Variant) -> None:
    groups = resolved.of("observability", tier, variant).of_type("AWS::Logs::LogGroup")
    assert {each.properties["LogGroupName"] for each in groups} == {f"/accunode/production/{name}" for name in LOGS}
    assert {each.properties["RetentionInDays"] for each in groups} == {RETENTION[tier]}


@pytest.mark.parametrize("name", sorted(LOGS))
def test_five_errors_of_a_service_in_five_minutes_are_told(name: str) -> None:
    found = resolved.of("observability")
    logical = "".join(part.title() for part in name.split("-"))
    filtered = found.resources[f"{logical}Errors"].properties
    assert filtered["FilterPattern"] == '{ ($.level = "error") || ($.level = "critical") }'
    (counted,) = filtered["MetricTransformations"]
    properties = alarm(found, f"{logical}ErrorsAlarm")
    assert (properties["Namespace"], properties["MetricName"]) == (counted["MetricNamespace"], counted["MetricName"])
    assert (properties["Threshold"], properties["Period"], properties["EvaluationPeriods"]) == (5, 300, 1)


def test_five_errors_of_all_services_together_are_told_where_they_are_one_metric() -> None:
    found = resolved.of("observability", Metrics="emf-essential")
    (properties,) = [
        each.properties
        for each in found.of_type("AWS::CloudWatch::Alarm")
        if each.properties["MetricName"].startswith("Errors-")
    ]
    filters = found.of_type("AWS::Logs::MetricFilter")
    assert len(filters) == len(LOGS)
    for each in filters:
        (counted,) = each.properties["MetricTransformations"]
        assert (counted["MetricNamespace"], counted["MetricName"]) == ("AccuNode", properties["MetricName"])
    assert (properties["Threshold"], properties["Period"], properties["EvaluationPeriods"]) == (5, 300, 1)


def test_the_nat_instance_is_watched_while_there_is_one() -> None:
    away = alarm(resolved.of("observability"), "NatAwayAlarm")
    assert rule(away) == ("LessThanThreshold", 1, 60, 5, 5, "breaching")
    group = resolved.one("network", "AWS::AutoScaling::AutoScalingGroup")["AutoScalingGroupName"]
    assert away["Dimensions"] == [{"Name": "AutoScalingGroupName", "Value": group}]
    assert "NatAwayAlarm" not in resolved.of("observability", Egress="nat-gateway").resources


@pytest.mark.parametrize(("tier", "variant"), resolved.SIZES)
def test_network_and_alerts_agree_on_the_way_out(tier: Tier, variant: Variant) -> None:
    chosen = {resolved.of(name, tier, variant).parameters["Egress"] for name in ("network", "observability")}
    assert len(chosen) == 1


def test_containers_that_fail_and_machines_that_cannot_start_are_told() -> None:
    found = resolved.of("observability").resources
    stopped = found["TaskStoppedRule"].properties["EventPattern"]["detail"]
    assert stopped["$or"][0] == {"stopCode": ["TaskFailedToStart"]}
    (wanted,) = stopped["clusterArn"]
    (cluster,) = resolved.of("compute").of_type("AWS::ECS::Cluster")
    assert cluster.properties["ClusterName"].startswith(wanted["wildcard"].removeprefix("*:cluster/").removesuffix("*"))
    launch = found["LaunchFailedRule"].properties["EventPattern"]
    assert "EC2 Instance Launch Unsuccessful" in launch["detail-type"]
    for name in ("TaskStoppedRule", "LaunchFailedRule"):
        assert [each["Arn"] for each in found[name].properties["Targets"]] == [{"Ref": "AlertTopic"}]


def test_a_leap_of_a_fifth_in_a_service_s_cost_is_told_unless_it_is_cents() -> None:
    subscription = resolved.one("cost", "AWS::CE::AnomalySubscription")
    limits = {
        each["Dimensions"]["Key"]: (each["Dimensions"]["MatchOptions"], each["Dimensions"]["Values"])
        for each in json.loads(subscription["ThresholdExpression"])["And"]
    }
    assert limits == {
        "ANOMALY_TOTAL_IMPACT_PERCENTAGE": (["GREATER_THAN_OR_EQUAL"], ["20"]),
        "ANOMALY_TOTAL_IMPACT_ABSOLUTE": (["GREATER_THAN_OR_EQUAL"], ["1"]),
    }
    assert subscription["Frequency"] == "IMMEDIATE", "a topic is told at once or not at all"


def test_an_account_that_has_its_monitor_of_services_keeps_it() -> None:
    own = "arn:aws:ce::111122223333:anomalymonitor/00000000-0000-0000-0000-000000000000"
    found = resolved.of("cost", ServiceMonitorArn=own)
    assert not found.of_type("AWS::CE::AnomalyMonitor")
    assert found.resources["Anomalies"].properties["MonitorArnList"] == [own]


@pytest.mark.parametrize(("tier", "variant"), resolved.SIZES)
def test_a_day_and_a_month_have_budgets(tier: Tier, variant: Variant) -> None:
    budgets = {
        each.properties["Budget"]["TimeUnit"]: each.properties["Budget"]["BudgetLimit"]["Amount"]
        for each in resolved.of("cost", tier, variant).of_type("AWS::Budgets::Budget")
    }
    assert set(budgets) == {"DAILY", "MONTHLY"}
    assert budgets["MONTHLY"] / 31 <= budgets["DAILY"] <= budgets["MONTHLY"] / 31 * 1.5


def test_the_monthly_budgets_of_the_economy_variant_are_those_of_the_requirements() -> None:
    limits = [resolved.of("cost", tier, Variant.ECONOMY).parameters["MonthlyBudget"] for tier in Tier]
    assert limits == [119, 204, 300]
