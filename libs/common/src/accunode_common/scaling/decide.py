"""What a policy does now, and why: pure, so that the API, the relay and the simulation decide alike.

Step scaling and its cooldown are those of Application Auto Scaling ("Step scaling policies" of its user guide): while
an alarm stands its policy is asked again each minute; within the cooldown of a scale-out only a larger step acts, by
the difference; a scale-in waits for every cooldown; a scale-out does not wait for that of a scale-in.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from accunode_common.scaling.alarms import AlarmState, replay
from accunode_common.scaling.policy import Alarm, Comparison, FleetPolicy


class Verdict(StrEnum):
    """What is to be done."""

    HOLD = "hold"
    SCALE_OUT = "scale_out"
    SCALE_IN = "scale_in"


@dataclass(frozen=True, slots=True)
class Action:
    """The latest change of a fleet.

    Attributes:
        change: Instances added within the cooldown it began; negative when removed.
        age_seconds: How long ago it was.
    """

    change: int
    age_seconds: float


@dataclass(frozen=True, slots=True)
class Decision:
    """What the policy decides for one fleet.

    Attributes:
        verdict: Whether to grow, shrink or hold.
        capacity: Instances there should be now.
        change: How many that adds; negative when it removes some.
        counted: The change that a cooldown begun now counts as already made: an `Action`'s `change`.
        reason: One sentence for people.
        high: The state of the scale-out alarm.
        low: The state of the scale-in alarm.
    """

    verdict: Verdict
    capacity: int
    change: int
    counted: int
    reason: str
    high: AlarmState
    low: AlarmState


def decide(
    fleet: FleetPolicy,
    values: Sequence[float | None],
    capacity: int,
    last: Action | None = None,
    *,
    states: tuple[AlarmState, AlarmState] | None = None,
) -> Decision:
    """Decide after the last of these minutes.

    Args:
        fleet: The policy of this kind of instance.
        values: The metric, a value a minute, oldest first, None for a minute without one.
        capacity: Instances that run or start now.
        last: The latest action, None if there was none.
        states: The states of both alarms, where the caller keeps them; otherwise they are those of alarms that began
            with the first of `values`.
    """
    high, low = states or (replay(fleet.scale_out, values), replay(fleet.scale_in, values))
    latest = next((value for value in reversed(values) if value is not None), None)

    def decision(target: int, reason: str, counted: int | None = None) -> Decision:
        change = target - capacity
        verdict = Verdict.SCALE_OUT if change > 0 else Verdict.SCALE_IN if change < 0 else Verdict.HOLD
        return Decision(verdict, target, change, change if counted is None else counted, reason, high, low)

    if capacity < fleet.minimum:
        return decision(fleet.minimum, f"{capacity} run, fewer than the minimum of {fleet.minimum}.")
    if capacity > fleet.maximum:
        return decision(fleet.maximum, f"{capacity} run, more than the maximum of {fleet.maximum}.")
    if latest is None:
        return decision(capacity, f"No {fleet.metric} was measured, so nothing is changed.")
    if high is AlarmState.ALARM:
        step = fleet.scale_out.change_at(latest)
        seen = _seen(fleet.metric, fleet.scale_out, latest)
        if not step:
            return decision(capacity, f"{seen}, which calls for no step.")
        made = last.change if last and last.change > 0 and last.age_seconds < fleet.scale_out.cooldown_seconds else 0
        if last and step <= made:
            return decision(capacity, f"{seen}; {_cooling(last, fleet.scale_out.cooldown_seconds)}.")
        if capacity == fleet.maximum:
            return decision(capacity, f"{seen}, but the maximum of {fleet.maximum} already run.")
        target = min(capacity + step - made, fleet.maximum)
        return decision(target, f"{seen}: add {target - capacity}.", counted=made + target - capacity)
    if low is AlarmState.ALARM:
        step = fleet.scale_in.change_at(latest)
        seen = _seen(fleet.metric, fleet.scale_in, latest)
        if not step:
            return decision(capacity, f"{seen}, which calls for no step.")
        if capacity == fleet.minimum:
            return decision(capacity, f"{seen}, but only the minimum of {fleet.minimum} run.")
        if last and last.age_seconds < (cooldown := _cooldown_of(fleet, last)):
            return decision(capacity, f"{seen}; {_cooling(last, cooldown)}.")
        target = max(capacity + step, fleet.minimum)
        return decision(target, f"{seen}: remove {capacity - target}.")
    return decision(capacity, f"{fleet.metric} is {latest:g} and neither alarm stands.")


def _cooldown_of(fleet: FleetPolicy, last: Action) -> int:
    return (fleet.scale_out if last.change > 0 else fleet.scale_in).cooldown_seconds


def _seen(metric: str, alarm: Alarm, latest: float) -> str:
    side = "above" if alarm.comparison is Comparison.ABOVE else "below"
    count = f"{alarm.datapoints_to_alarm} of {alarm.evaluation_periods}"
    return f"{metric} was {side} {alarm.threshold:g} in {count} minutes and is {latest:g}"


def _cooling(last: Action, cooldown_seconds: int) -> str:
    left = cooldown_seconds - last.age_seconds
    return f"the change by {last.change:+d} of {last.age_seconds:.0f} s ago still takes effect for {left:.0f} s"
