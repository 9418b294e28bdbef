"""A whole day, replayed: nothing is lost from the books, chance is fixed by the seed, and the templates decide."""

import shutil
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

from accunode_common.scaling import FleetPolicy
from accunode_infra.simulation import compare
from accunode_infra.simulation.day import Weekday, load_day
from accunode_infra.simulation.model import Inputs, Result, simulate
from accunode_infra.simulation.report import document
from accunode_infra.templates import CLOUDFORMATION
from accunode_infra.tiers import Tier

FEW = 20


@pytest.fixture(scope="module")
def inputs() -> Inputs:
    return compare.with_users(compare.inputs(Tier.STARTUP), FEW)


@pytest.fixture(scope="module")
def result(inputs: Inputs) -> Result:
    return simulate(inputs)


@pytest.fixture(scope="module")
def crowded(inputs: Inputs) -> Result:
    """Far more people than the fleet can hold, for a day that is short of work but for them."""
    return simulate(compare.with_users(inputs, 6000))


def _answered(result: Result) -> int:
    return sum(map(len, result.responses.values()))


def test_every_request_is_answered_or_lost(result: Result, crowded: Result) -> None:
    for each in (result, crowded):
        assert each.arrived == _answered(each) + each.lost
    assert result.lost == 0
    assert result.limits.first is None or result.limits.first.name != "requests lost"


def test_every_message_is_done_by_the_end_of_a_day_that_ends_quietly(result: Result) -> None:
    assert result.tasks_done == result.tasks_arrived == sum(map(len, result.waits.values()))
    assert result.unfinished == 0
    assert sum(map(len, result.turnarounds.values())) > 0


def test_the_same_seed_gives_the_same_day_and_another_seed_another(inputs: Inputs, result: Result) -> None:
    assert document(simulate(inputs)) == document(result)
    assert document(simulate(replace(inputs, seed=inputs.seed + 1))) != document(result)


def test_fleets_stay_within_the_templates_limits_and_cooldowns(result: Result, crowded: Result) -> None:
    for each in (result, crowded):
        shape = each.inputs.shape
        assert len(each.acts) > 0
        for name, service in shape.services.items():
            running = each.record.copies[name]
            assert service.policy.minimum <= min(running) <= max(running) <= service.policy.maximum
            _assert_paced(each, name, service.policy)
        assert max(each.record.api_nodes) <= shape.api_instances.maximum
        assert {act.capacity for act in each.acts if act.fleet == "workers"} <= set(
            range(shape.workers.minimum, shape.workers.maximum + 1)
        )


def _assert_paced(result: Result, fleet: str, policy: FleetPolicy) -> None:
    acts = [act for act in result.acts if act.fleet == fleet]
    for before, after in pairwise(acts):
        rule = policy.scale_out if before.change > 0 else policy.scale_in
        assert after.at - before.at >= rule.cooldown_seconds or (before.change < 0 < after.change)


def test_more_people_wait_longer_use_more_and_reach_a_limit(result: Result, crowded: Result) -> None:
    assert crowded.responses["predict"].percentile(95) > result.responses["predict"].percentile(95)
    assert crowded.money.day > result.money.day
    assert max(crowded.record.api_nodes) == crowded.inputs.shape.api_instances.maximum
    assert crowded.limits.first is not None


def test_instance_hours_are_those_of_the_instances_that_stand(result: Result) -> None:
    """The record has a value a minute; hours are added up to the second."""
    for hours, standing in (
        (result.money.api_hours, result.record.api_nodes),
        (result.money.worker_hours, result.record.worker_nodes),
    ):
        assert hours == pytest.approx(sum(standing) / 60, abs=0.5)


def test_a_threshold_changed_in_a_template_makes_the_simulation_act_otherwise(
    tmp_path: Path, inputs: Inputs, result: Result
) -> None:
    root = shutil.copytree(CLOUDFORMATION, tmp_path / "cloudformation")
    path = root / "templates" / "worker.yaml"
    path.write_text(path.read_text().replace("Threshold: !Ref ScaleOutQueue", "Threshold: 1000"))
    changed = compare.with_users(compare.inputs(Tier.STARTUP, root=root), FEW)
    assert changed.shape.workers.scale_out.threshold == 1000
    assert any(act.fleet == "workers" and act.change > 0 for act in result.acts)
    assert not any(act.fleet == "workers" for act in simulate(changed).acts)


def test_on_a_sunday_almost_nobody_comes(inputs: Inputs, result: Result) -> None:
    sunday = simulate(replace(inputs, weekday=Weekday.SUNDAY))
    assert sunday.arrived < 0.2 * result.arrived


def test_the_day_that_ships_is_one_of_its_format() -> None:
    day = load_day()
    assert day.users_at(12 * 3600.0, Weekday.MONDAY) > day.users_at(3 * 3600.0, Weekday.MONDAY)
    assert {spike.rows for spike in day.spikes}
