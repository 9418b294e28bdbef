"""What the repository's own templates cost, tier by tier."""

import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest
from typer.testing import Result

from accunode_infra.cost import Category, Choices, Fleet, difference, tier_month, tier_resources
from accunode_infra.cost.brief import brief, compared
from accunode_infra.cost.page import tables, written
from accunode_infra.cost.pricers import FREE, PRICERS
from accunode_infra.cost.usage import usage
from accunode_infra.templates import load, names
from accunode_infra.tiers import Tier, Variant

GUIDE = Path(__file__).resolve().parents[3] / "docs" / "guides" / "cost.md"

each_tier = pytest.mark.parametrize("tier", list(Tier))
each_variant = pytest.mark.parametrize("variant", list(Variant))


def test_every_type_of_every_template_is_priced_or_known_to_be_free() -> None:
    used = {body["Type"] for name in names() for body in load(name)["Resources"].values()}
    assert used - set(PRICERS) - set(FREE) == set()


def test_every_type_that_is_priced_or_known_to_be_free_has_a_reason_to_be_there() -> None:
    assert all(len(reason) >= 4 for reason in FREE.values())
    assert all(pricer.__doc__ for pricer in PRICERS.values())


@each_tier
def test_a_tier_is_priced_from_its_own_sizes(tier: Tier) -> None:
    found = tier_month(tier, Variant.BRIEF).by_category()
    nodes = usage(tier)
    a_node = Decimal("0.0208") * 730
    assert found[Category.API] == nodes["api_nodes"] * a_node
    assert found[Category.WORKERS] == nodes["worker_nodes"] * a_node
    database = {"startup": ("0.018", 20), "growth": ("0.036", 50), "scale": ("0.072", 100)}[tier]
    assert found[Category.DATABASE] == Decimal(database[0]) * 730 + database[1] * Decimal("0.115")
    assert found[Category.CACHE] == {"startup": 17, "growth": 34, "scale": 68}[tier] * Decimal("0.73")


@each_tier
def test_the_requirements_have_their_tables_as_they_have_them_wrong_sums_included(tier: Tier) -> None:
    said = brief()
    assert said.levels[tier].summed == said.levels[tier].total
    sums = {Tier.STARTUP: (109, 109), Tier.GROWTH: (164, 184), Tier.SCALE: (230, 268)}
    assert (said.phases[tier].total, said.phases[tier].summed) == sums[tier]


@each_tier
def test_each_line_stands_beside_the_requirements_with_a_reason_and_they_add_to_the_total(tier: Tier) -> None:
    found = tier_month(tier, Variant.BRIEF)
    lines = compared(found, tier)
    assert sum(line.ours for line in lines) == found.total
    assert sum(line.brief or 0 for line in lines) == brief().levels[tier].total
    assert all(line.why for line in lines)


@each_tier
def test_an_economy_tier_costs_at_most_what_the_requirements_say(tier: Tier) -> None:
    assert tier_month(tier, Variant.ECONOMY).total <= brief().levels[tier].total


def test_the_economy_of_level_1_is_within_two_dollars_of_the_requirements_without_spot() -> None:
    """Without Spot the scale tier is above the requirements: six workers on demand are $29 more."""
    found = tier_month(Tier.STARTUP, Variant.ECONOMY, Choices(spot=False)).total
    assert abs(found - brief().levels[Tier.STARTUP].total) <= 2


@each_tier
def test_economy_costs_less_than_the_required_machines(tier: Tier) -> None:
    assert tier_month(tier, Variant.ECONOMY, Choices(spot=False)).total < tier_month(tier, Variant.BRIEF).total


@each_tier
@each_variant
def test_a_fleet_at_its_minimum_costs_least_and_at_its_maximum_most(tier: Tier, variant: Variant) -> None:
    floor, expected, ceiling = (tier_month(tier, variant, fleet=fleet).total for fleet in Fleet)
    assert floor <= expected <= ceiling


def test_the_hours_of_the_largest_fleet_are_what_the_requirements_cap_them_at() -> None:
    found = tier_month(Tier.STARTUP, Variant.BRIEF, fleet=Fleet.CEILING).by_category()
    assert abs(found[Category.API] + found[Category.WORKERS] - brief().cap) < 2


@each_tier
def test_a_standby_doubles_what_the_database_costs(tier: Tier) -> None:
    single, double = tier_month(tier, Variant.BRIEF), tier_month(tier, Variant.BRIEF, Choices(multi_az=True))
    assert difference(single, double).amount == single.by_category()[Category.DATABASE]


@each_tier
def test_a_replica_doubles_what_the_cache_costs(tier: Tier) -> None:
    single, double = tier_month(tier, Variant.BRIEF), tier_month(tier, Variant.BRIEF, Choices(replica=True))
    assert difference(single, double).by_category[Category.CACHE] == single.by_category()[Category.CACHE]


@pytest.mark.parametrize(
    ("egress", "dollars"),
    [
        ("nat-instance", Decimal("7.356")),
        ("nat-gateway", Decimal("36.95")),
        ("nat-gateway-per-az", Decimal("73.45")),
        ("endpoints", Decimal("116.90")),
    ],
)
def test_the_way_out_costs_what_it_costs(egress: str, dollars: Decimal) -> None:
    found = tier_month(Tier.STARTUP, Variant.BRIEF, Choices(egress=egress)).by_category()
    assert found[Category.EGRESS] == dollars


@each_tier
@each_variant
def test_nothing_is_allocated_to_a_stack_for_want_of_a_tag(tier: Tier, variant: Variant) -> None:
    untagged = {
        (resource.type, resource.name)
        for resource in tier_resources(tier, variant)
        if resource.type in PRICERS and not resource.tagged and resource.type not in UNTAGGABLE
    }
    assert untagged == set()


UNTAGGABLE = {
    "AWS::CloudWatch::Dashboard",
    "AWS::Logs::MetricFilter",
    "AWS::SNS::Subscription",
    "AWS::Scheduler::Schedule",
}


def test_the_command_prints_lines_that_add_to_the_total(run: Callable[..., Result]) -> None:
    found = json.loads(run("cost", "--tier", "growth", "--variant", "economy", "--json").stdout)
    assert abs(sum(found["categories"].values()) - found["total"]) < 0.05
    assert abs(sum(found["services"].values()) - found["total"]) < 0.05
    assert found["year"] == pytest.approx(12 * found["total"], abs=0.1)
    assert set(found["fleets"]) == {"floor", "expected", "ceiling"}
    assert set(found["surplus_credits"]) == {"50%", "60%", "70%"}


def test_the_command_tells_people_why_a_line_differs(run: Callable[..., Result]) -> None:
    result = run("cost", "--tier", "scale")
    assert result.exit_code == 0
    assert "says $230, though its lines add to $268" in result.stdout
    assert "heading over this table says $280; the table's lines add to $300" in result.stdout
    assert "Used, and free at this rate: function memory, function runs" in result.stdout


def test_a_choice_changes_the_total_by_what_the_options_say(run: Callable[..., Result]) -> None:
    base = json.loads(run("cost", "--json").stdout)
    chosen = json.loads(run("cost", "--multi-az", "--json").stdout)
    more = next(each["more"] for each in base["options"] if "standby" in each["name"])
    assert chosen["total"] - base["total"] == pytest.approx(more, abs=0.02)


def test_a_larger_discount_for_spot_makes_a_smaller_total(run: Callable[..., Result]) -> None:
    words = ("cost", "--tier", "scale", "--variant", "economy", "--spot", "--json")
    less = json.loads(run(*words, "--spot-discount", "70").stdout)["total"]
    assert less < json.loads(run(*words, "--spot-discount", "50").stdout)["total"]


def test_a_way_out_that_does_not_exist_is_refused(run: Callable[..., Result]) -> None:
    result = run("cost", "--egress", "tunnel")
    assert result.exit_code == 3
    assert "Egress" in result.stderr


def test_the_guide_has_the_tables_as_they_are_now() -> None:
    page = GUIDE.read_text(encoding="utf-8")
    assert page == written(page), "accunode-infra cost page --write docs/guides/cost.md writes them"


def test_the_tables_name_every_price_that_is_used() -> None:
    text = tables()
    for tier in Tier:
        for line in tier_month(tier, Variant.BRIEF).lines:
            assert f"`{line.price.meter}`" in text
