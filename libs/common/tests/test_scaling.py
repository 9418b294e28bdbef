from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from accunode_common.scaling import (
    Action,
    Alarm,
    AlarmState,
    Comparison,
    FleetPolicy,
    Interval,
    Measured,
    Policy,
    ScalingRule,
    Verdict,
    decide,
    look_back,
    next_state,
    recommend,
    replay,
    shipped_policy,
)

OK, ALARM, NO_DATA = AlarmState.OK, AlarmState.ALARM, AlarmState.INSUFFICIENT_DATA
WORKERS = shipped_policy().workers
API = shipped_policy().api


def test_the_shipped_policy_is_the_one_that_was_promised() -> None:
    assert (API.minimum, API.maximum) == (2, 4)
    assert [API.scale_out.threshold, API.scale_out.evaluation_periods, API.scale_out.datapoints_to_alarm] == [70, 2, 2]
    assert [API.scale_in.threshold, API.scale_in.evaluation_periods, API.scale_in.datapoints_to_alarm] == [50, 5, 5]
    assert [step.change for step in (*API.scale_out.steps, *API.scale_in.steps)] == [1, -1]
    assert (WORKERS.minimum, WORKERS.maximum) == (2, 6)
    assert [WORKERS.scale_out.threshold, WORKERS.scale_out.datapoints_to_alarm] == [50, 3]
    assert [WORKERS.scale_in.threshold, WORKERS.scale_in.datapoints_to_alarm] == [10, 10]
    assert [(step.at, step.change) for step in WORKERS.scale_out.steps] == [(50, 1), (150, 2), (500, 4)]
    assert {fleet.scale_out.cooldown_seconds for fleet in (API, WORKERS)} == {180}
    assert {fleet.scale_in.cooldown_seconds for fleet in (API, WORKERS)} == {300}
    assert shipped_policy().backlog_alert.threshold == 100
    assert shipped_policy().tasks_per_minute_per_worker == 100


def test_steps_become_the_intervals_that_a_template_writes() -> None:
    assert WORKERS.scale_out.intervals() == (
        Interval(lower=0, upper=100, change=1),
        Interval(lower=100, upper=450, change=2),
        Interval(lower=450, upper=None, change=4),
    )
    assert WORKERS.scale_in.intervals() == (Interval(lower=None, upper=0, change=-1),)


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (lambda p: p["workers"].update(minimum=7), "minimum 7 exceeds maximum 6"),
        (lambda p: _move(p["workers"]["scale_in"], 50), "shrink and grow by turns"),
        (lambda p: p["workers"]["scale_out"].update(threshold=60), "first step begins at 50 and the alarm at 60"),
        (lambda p: p["workers"]["scale_out"]["steps"].reverse(), "first step begins at 500"),
        (lambda p: p["workers"]["scale_out"]["steps"][1].update(at=50), "away from the threshold"),
        (lambda p: p["workers"]["scale_out"]["steps"][1].update(change=-2), "the wrong way"),
        (lambda p: p["workers"]["scale_out"]["steps"][2].update(change=1), "changes less than one nearer"),
        (lambda p: p["workers"]["scale_in"]["steps"][0].update(change=0), "not at all"),
        (lambda p: p["api"]["scale_out"].update(datapoints_to_alarm=3), "could never ring"),
        (lambda p: _move(p["api"]["scale_out"], 101), "exceeds 100 per cent"),
        (lambda p: p["api"].update(metric="QueueLength"), "the API is scaled by CPUUtilization"),
        (lambda p: p["api"].update(scale_in=p["api"]["scale_out"]), "scale_in for values below"),
        (lambda p: p["api"]["scale_out"].update(period_seconds=300), "60"),
        (lambda p: p["workers"].update(ceiling=9), "Extra inputs"),
        (lambda p: p["backlog_alert"].update(comparison="LessThanThreshold"), "not for fewer"),
        (lambda p: p["workers"]["scale_out"].update(steps=p["workers"]["scale_out"]["steps"] * 100_000), "at most 10"),
        (lambda p: p["workers"]["scale_out"].update(threshold=float("nan")), "finite"),
    ],
)
def test_a_policy_that_makes_no_sense_is_refused_with_the_reason(
    change: Callable[[dict[str, Any]], object], complaint: str
) -> None:
    policy = shipped_policy().model_dump(mode="json")
    change(policy)
    with pytest.raises(ValidationError, match=complaint):
        Policy.model_validate(policy)


def _move(rule: dict[str, Any], threshold: float) -> None:
    rule.update(threshold=threshold, steps=[{**rule["steps"][0], "at": threshold}])


def _alarm(datapoints: int, periods: int = 3) -> Alarm:
    return Alarm(
        comparison=Comparison.ABOVE,
        threshold=50,
        period_seconds=60,
        evaluation_periods=periods,
        datapoints_to_alarm=datapoints,
        missing_data="ignore",
    )


@pytest.mark.parametrize(
    ("datapoints", "minutes", "expected"),
    [
        # "Configuring how CloudWatch alarms treat missing data", both tables, column "ignore"; None keeps the state.
        (3, "0-X-X", OK),
        (3, "0----", OK),
        (3, "-----", None),
        (3, "0XX-X", ALARM),
        (3, "--X--", None),
        (2, "0-X-X", ALARM),
        (2, "00X0X", ALARM),
        (2, "0-X--", OK),
        (2, "----0", OK),
        (2, "---X-", None),
    ],
)
@pytest.mark.parametrize("before", list(AlarmState))
def test_an_alarm_ignores_missing_minutes_as_cloudwatch_documents_it(
    datapoints: int, minutes: str, expected: AlarmState | None, before: AlarmState
) -> None:
    values = [{"0": 1.0, "X": 99.0, "-": None}[minute] for minute in minutes]
    assert next_state(_alarm(datapoints), before, values) is (expected or before)
    assert look_back(_alarm(datapoints)) == len(minutes)


def test_the_threshold_itself_breaches_neither_alarm() -> None:
    assert replay(WORKERS.scale_out, [50.0] * 10) is OK
    assert replay(WORKERS.scale_in, [10.0] * 20) is OK
    assert replay(WORKERS.scale_out, [51.0] * 3) is ALARM
    assert replay(WORKERS.scale_in, [9.0] * 10) is ALARM


def test_an_alarm_stands_through_silence_and_ends_with_the_first_good_minute() -> None:
    rising = [60.0] * 3
    assert replay(WORKERS.scale_out, [60.0] * 2) is NO_DATA
    assert replay(WORKERS.scale_out, [*rising, *[None] * 60]) is ALARM
    assert replay(WORKERS.scale_out, [*rising, None, 20.0]) is OK


@pytest.mark.parametrize(("value", "change"), [(51, 1), (149, 1), (150, 2), (499, 2), (500, 4), (10_000, 4), (50, 1)])
def test_a_bigger_backlog_takes_a_bigger_step(value: float, change: int) -> None:
    assert WORKERS.scale_out.change_at(value) == change
    if value > 50:
        assert decide(WORKERS, [value] * 3, 2).change == change


@pytest.mark.parametrize(
    ("value", "change"), [(10.5, 0), (10, -1), (9, -1), (6, -1), (5, -2), (1.5, -2), (1, -3), (0, -3)]
)
def test_on_the_edge_of_two_steps_the_farther_one_is_taken_below_the_threshold_too(value: float, change: int) -> None:
    steps = [{"at": at, "change": -number} for number, at in enumerate((10, 5, 1), 1)]
    rule = ScalingRule.model_validate(WORKERS.scale_in.model_dump() | {"steps": steps})
    assert rule.change_at(value) == change
    # What AWS is given: below the threshold a lower bound is exclusive and an upper one inclusive.
    matching = [
        each.change
        for each in rule.intervals()
        if (each.lower is None or value > rule.threshold + each.lower)
        and (each.upper is None or value <= rule.threshold + each.upper)
    ]
    assert matching == ([change] if change else [])


@pytest.mark.parametrize(
    ("values", "capacity", "last", "verdict", "target", "reason"),
    [
        ([60] * 2, 2, None, Verdict.HOLD, 2, "neither alarm stands"),
        ([60] * 3, 2, None, Verdict.SCALE_OUT, 3, "above 50 in 3 of 3 minutes and is 60: add 1"),
        ([600] * 3, 4, None, Verdict.SCALE_OUT, 6, "add 2"),
        ([600] * 3, 6, None, Verdict.HOLD, 6, "the maximum of 6 already run"),
        ([60] * 4, 3, Action(1, 60), Verdict.HOLD, 3, "still takes effect for 120 s"),
        ([60] * 4, 3, Action(1, 180), Verdict.SCALE_OUT, 4, "add 1"),
        ([60, 60, 60, 200], 3, Action(1, 60), Verdict.SCALE_OUT, 4, "add 1"),
        ([60] * 4, 2, Action(-1, 10), Verdict.SCALE_OUT, 3, "add 1"),
        ([0] * 9, 4, None, Verdict.HOLD, 4, "neither alarm stands"),
        ([0] * 10, 4, None, Verdict.SCALE_IN, 3, "below 10 in 10 of 10 minutes and is 0: remove 1"),
        ([0] * 10, 2, None, Verdict.HOLD, 2, "only the minimum of 2 run"),
        ([0] * 10, 3, Action(-1, 299), Verdict.HOLD, 3, "still takes effect for 1 s"),
        ([0] * 10, 3, Action(-1, 300), Verdict.SCALE_IN, 2, "remove 1"),
        ([0] * 10, 3, Action(2, 100), Verdict.HOLD, 3, "still takes effect for 80 s"),
        ([None] * 10, 3, None, Verdict.HOLD, 3, "nothing is changed"),
        ([30], 1, None, Verdict.SCALE_OUT, 2, "fewer than the minimum"),
        ([30], 9, None, Verdict.SCALE_IN, 6, "more than the maximum"),
    ],
)
def test_a_decision_follows_alarm_step_cooldown_and_limits_and_says_why(
    values: list[float | None], capacity: int, last: Action | None, verdict: Verdict, target: int, reason: str
) -> None:
    decision = decide(WORKERS, values, capacity, last)
    assert (decision.verdict, decision.capacity, decision.change) == (verdict, target, target - capacity)
    assert reason in decision.reason


def test_a_larger_step_within_the_cooldown_counts_what_was_added_before() -> None:
    first = decide(WORKERS, [60.0] * 3, 2)
    second = decide(WORKERS, [60.0, 60.0, 60.0, 900.0], first.capacity, Action(first.counted, 60))
    assert (second.capacity, second.counted) == (6, 4)
    assert decide(WORKERS, [900.0] * 5, 5, Action(second.counted, 60)).verdict is Verdict.HOLD


def _follow(fleet: FleetPolicy, values: list[float]) -> Iterator[int]:
    capacity, last = fleet.minimum, None
    for minute in range(1, len(values) + 1):
        decision = decide(fleet, list(values[:minute]), capacity, last)
        last = Action(last.change, last.age_seconds + 60) if last else None
        if decision.change:
            capacity, last = decision.capacity, Action(decision.counted, 0)
        yield capacity


def test_a_fleet_grows_in_paces_of_the_cooldown_and_shrinks_again_without_swinging() -> None:
    capacities = list(_follow(WORKERS, [60.0] * 20 + [0.0] * 60))
    assert capacities[:3] == [2, 2, 3]
    assert max(capacities) == 6
    assert capacities[-1] == 2
    assert capacities[:20] == sorted(capacities[:20])
    assert capacities[20:] == sorted(capacities[20:], reverse=True)


NOW = datetime(2026, 3, 31, 9, 30, 20, tzinfo=UTC)


def _samples(*minutes: tuple[int, int] | None) -> list[Measured]:
    """Samples of the minutes up to NOW's: pairs of queue length and workers."""
    first = NOW.replace(second=0) - timedelta(minutes=len(minutes) - 1)
    return [
        Measured(first + timedelta(minutes=number), *pair) for number, pair in enumerate(minutes) if pair is not None
    ]


@pytest.mark.parametrize(
    ("minutes", "workers", "verdict", "reason"),
    [
        ([], 2, Verdict.HOLD, "No QueueLength was measured"),
        ([(80, 2)] * 3, 2, Verdict.SCALE_OUT, "add 1"),
        ([(80, 2), None, (80, 2), None], 2, Verdict.HOLD, "neither alarm stands"),
        ([(80, 2)] * 3 + [None] * 20, 2, Verdict.SCALE_OUT, "add 1"),
        ([(80, 2)] * 3, 3, Verdict.HOLD, "the change by +1 of 0 s ago still takes effect for 180 s"),
        ([(80, 2)] * 3 + [(80, 3)] * 2, 3, Verdict.HOLD, "the change by +1 of 80 s ago"),
        ([(80, 2)] * 3 + [(80, 3)] * 5, 3, Verdict.SCALE_OUT, "add 1"),
        ([(0, 4)] * 9 + [(0, 3)] * 3, 3, Verdict.HOLD, "the change by -1 of 140 s ago"),
        ([(0, 3)] * 12, 3, Verdict.SCALE_IN, "remove 1"),
    ],
)
def test_the_recommendation_follows_the_samples_and_the_changes_they_show(
    minutes: list[tuple[int, int] | None], workers: int, verdict: Verdict, reason: str
) -> None:
    decision = recommend(WORKERS, _samples(*minutes), NOW, workers)
    assert decision.verdict is verdict, decision.reason
    assert reason in decision.reason


def test_a_minute_that_has_no_sample_yet_is_no_silence() -> None:
    samples = _samples((80, 2), (80, 2), (80, 2))
    later = NOW + timedelta(minutes=1)
    assert recommend(WORKERS, samples, later, 2) == recommend(WORKERS, samples, NOW, 2)


@pytest.mark.parametrize("minutes", [1, 5])
def test_samples_of_a_clock_that_was_set_back_do_not_count(minutes: int) -> None:
    samples = _samples((80, 2), (80, 2), (80, 2))
    earlier = NOW - timedelta(minutes=minutes)
    before = [sample for sample in samples if sample.minute <= earlier]
    assert recommend(WORKERS, samples, earlier, 2) == recommend(WORKERS, before, earlier, 2)
