"""A fleet's control loop: a value a minute in, the capacity there should be out.

Alarms, steps and cooldowns are those of `accunode_common.scaling`, which the product's own recommendation uses too.
"""

from collections import deque
from dataclasses import dataclass

from accunode_common.scaling import Action, AlarmState, FleetPolicy, decide, look_back, next_state


@dataclass(frozen=True, slots=True)
class Act:
    """A change of a fleet's capacity: when, in seconds from the begin, what it became, and why."""

    at: float
    fleet: str
    change: int
    capacity: int
    reason: str


class Control:
    """The alarms of one fleet and what they have done.

    Attributes:
        acts: Every change so far.
        pressed: When, in seconds, the scale-out alarm stood although the maximum already ran.
    """

    def __init__(self, fleet: str, policy: FleetPolicy) -> None:
        self.fleet = fleet
        self.policy = policy
        self.acts: list[Act] = []
        self.pressed: list[float] = []
        self._values: deque[float | None] = deque(maxlen=max(look_back(policy.scale_out), look_back(policy.scale_in)))
        self._high = self._low = AlarmState.INSUFFICIENT_DATA
        self._last: tuple[float, int] | None = None

    def minute(self, now: float, value: float | None, capacity: int) -> int:
        """What the capacity should be, after another minute whose metric was `value`."""
        self._values.append(value)
        seen = list(self._values)
        self._high = next_state(self.policy.scale_out, self._high, seen)
        self._low = next_state(self.policy.scale_in, self._low, seen)
        last = Action(change=self._last[1], age_seconds=now - self._last[0]) if self._last else None
        decision = decide(self.policy, seen, capacity, last, states=(self._high, self._low))
        if self._high is AlarmState.ALARM and capacity >= self.policy.maximum:
            self.pressed.append(now)
        if decision.change:
            self._last = (now, decision.counted)
            self.acts.append(Act(now, self.fleet, decision.change, decision.capacity, decision.reason))
        return decision.capacity
