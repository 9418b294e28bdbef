"""Metrics of our own, which are billed by the series: what each choice publishes, and who reads it."""

from collections import Counter
from typing import Any

import pytest
from infra.cloudformation.tests import resolved
from infra.cloudformation.tests.published import CHOICES, published

from accunode_infra.cost.usage import PUBLISHED, usage
from accunode_infra.tiers import Tier, Variant

FREE_SERIES = 10
"""CloudWatch's free custom metrics of a month: aws.amazon.com/cloudwatch/pricing."""

each_choice = pytest.mark.parametrize("choice", CHOICES)


def test_the_choices_are_those_that_templates_and_costs_know() -> None:
    assert CHOICES == PUBLISHED
    for name in ("service-auth", "worker", "relay", "queue-metric", "observability", "dashboards"):
        assert resolved.templates.load(resolved.stacks.stack(name).template)["Parameters"]["Metrics"][
            "AllowedValues"
        ] == list(CHOICES)


@each_choice
def test_every_series_that_the_product_prints_is_counted_and_none_that_it_does_not(choice: str) -> None:
    printed = Counter(name for name, _ in published(choice))
    assert printed == usage("startup").series[choice]


def test_the_essential_ones_are_free_with_one_to_spare_for_the_errors_of_logs() -> None:
    assert len(published("emf-essential")) < FREE_SERIES
    found = resolved.of("observability", Metrics="emf-essential").of_type("AWS::Logs::MetricFilter")
    assert {each.properties["MetricTransformations"][0]["MetricName"] for each in found} == {"Errors-production"}


@pytest.mark.parametrize(("tier", "variant"), resolved.SIZES)
def test_every_stack_of_a_tier_publishes_and_shows_the_same(tier: Tier, variant: Variant) -> None:
    chosen = {
        resolved.of(each.name, tier, variant).parameters["Metrics"]
        for each in resolved.with_template()
        if "Metrics" in resolved.templates.load(each.template)["Parameters"]
    }
    assert chosen == {"emf" if variant is Variant.BRIEF else "emf-essential"}


@pytest.mark.parametrize("variant", list(Variant))
def test_every_metric_of_ours_that_an_alarm_or_a_policy_reads_is_published(variant: Variant) -> None:
    choice = "emf" if variant is Variant.BRIEF else "emf-essential"
    known = {(name, by) for name, by in published(choice)} | {
        (transformation["MetricName"], ())
        for each in resolved.resources("AWS::Logs::MetricFilter", variant=variant)
        for transformation in each.properties["MetricTransformations"]
    }
    read = [metric for each in resolved.resources(variant=variant) for metric in _read(each.properties)]
    assert ("QueueLength", (("Environment", "production"),)) in read
    assert set(read) <= known


def _read(value: Any) -> list[tuple[str, tuple[tuple[str, str], ...]]]:
    """The metrics of ours that properties name, however deep."""
    if isinstance(value, dict):
        found = [each for item in value.values() for each in _read(item)]
        if value.get("Namespace") == "AccuNode":
            by = tuple((each["Name"], each["Value"]) for each in value.get("Dimensions", []))
            found.append((value["MetricName"], by))
        return found
    return [each for item in value for each in _read(item)] if isinstance(value, list) else []


QUIET = {
    "observability": {"NatCpuAlarm"},
    "data": {"CreditAlarm"},
    "compute": {"ApiSurplusAlarm", "WorkerSurplusAlarm"},
    "worker": {"AtMaximumAlarm"},
    "queue-metric": {"ErrorAlarm"},
}
"""What essential alarms leave out: the cost of processors, which credits and the day's budget tell of, and what
backlog, silence and a NAT instance that is away ring for when it matters."""


@pytest.mark.parametrize("stack", sorted(QUIET))
def test_essential_alarms_are_all_but_those_that_another_one_rings_for(stack: str) -> None:
    every, some = (
        {each.name for each in resolved.of(stack, Alarms=alarms).of_type("AWS::CloudWatch::Alarm")}
        for alarms in ("all", "essential")
    )
    assert every - some == QUIET[stack]


@pytest.mark.parametrize("tier", list(Tier))
def test_both_variants_ring_at_the_same_thresholds(tier: Tier) -> None:
    def rules(variant: Variant) -> dict[str, Any]:
        return {
            each.properties["AlarmName"]: {
                key: each.properties.get(key)
                for key in ("Threshold", "ComparisonOperator", "Period", "EvaluationPeriods", "DatapointsToAlarm")
            }
            for each in resolved.resources("AWS::CloudWatch::Alarm", tier, variant)
        }

    brief, economy = rules(Variant.BRIEF), rules(Variant.ECONOMY)
    merged = {"accunode-production-errors"}
    sized = {name for name in brief if name.endswith(("database-memory",))}
    assert set(economy) - set(brief) == merged
    assert {name: economy[name] for name in set(economy) - merged - sized} == {
        name: brief[name] for name in set(economy) - merged - sized
    }
    assert economy["accunode-production-errors"] == brief["accunode-production-auth-errors"]
