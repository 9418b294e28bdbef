"""The minute's control loop: what it may never do, whatever is measured."""

from collections.abc import Sequence
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accunode_common.scaling import FleetPolicy, shipped_policy
from accunode_infra.simulation.control import Act, Control

POLICY = shipped_policy()
values = st.lists(st.one_of(st.none(), st.floats(0, 1000)), min_size=1, max_size=300)


def _follow(policy: FleetPolicy, measured: Sequence[float | None]) -> tuple[list[int], list[Act]]:
    control, capacity, seen = Control("fleet", policy), policy.minimum, []
    for minute, value in enumerate(measured, start=1):
        capacity = control.minute(60.0 * minute, value, capacity)
        seen.append(capacity)
    return seen, control.acts


@pytest.mark.parametrize("policy", [POLICY.api, POLICY.workers], ids=["api", "workers"])
@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(measured=values)
def test_a_fleet_never_leaves_its_limits(policy: FleetPolicy, measured: list[float | None]) -> None:
    capacities, _ = _follow(policy, measured)
    assert all(policy.minimum <= capacity <= policy.maximum for capacity in capacities)


@pytest.mark.parametrize("policy", [POLICY.api, POLICY.workers], ids=["api", "workers"])
@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(measured=values)
def test_nothing_is_done_inside_a_cooldown_but_a_larger_step(policy: FleetPolicy, measured: list[float | None]) -> None:
    _, acts = _follow(policy, measured)
    largest = max(step.change for step in policy.scale_out.steps)
    for before, after in pairwise(acts):
        rule = policy.scale_out if before.change > 0 else policy.scale_in
        if after.at - before.at < rule.cooldown_seconds:
            # Only growing, and a larger step by its difference; or growing during a shrinking's cooldown.
            assert after.change > 0
            assert before.change < 0 or before.change + after.change <= largest


def test_a_fleet_with_one_step_grows_once_in_three_minutes_while_the_alarm_stands() -> None:
    _, acts = _follow(POLICY.api, [90.0] * 20)
    assert [(act.at / 60, act.capacity) for act in acts] == [(2, 3), (5, 4)]


def test_the_alarm_standing_at_the_maximum_is_told() -> None:
    control = Control("workers", POLICY.workers)
    for minute in range(1, 11):
        control.minute(60.0 * minute, 1000.0, POLICY.workers.maximum)
    assert control.acts == []
    assert control.pressed == [60.0 * minute for minute in range(3, 11)]
