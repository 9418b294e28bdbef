"""How the product scales: the policy's numbers, their typed reader, and the decision that everybody shares."""

from accunode_common.scaling.alarms import AlarmState, look_back, next_state, replay
from accunode_common.scaling.decide import Action, Decision, Verdict, decide
from accunode_common.scaling.policy import (
    Alarm,
    Comparison,
    FleetPolicy,
    Interval,
    Policy,
    ScalingRule,
    Step,
    shipped_policy,
)

__all__ = [
    "Action",
    "Alarm",
    "AlarmState",
    "Comparison",
    "Decision",
    "FleetPolicy",
    "Interval",
    "Policy",
    "ScalingRule",
    "Step",
    "Verdict",
    "decide",
    "look_back",
    "next_state",
    "replay",
    "shipped_policy",
]
