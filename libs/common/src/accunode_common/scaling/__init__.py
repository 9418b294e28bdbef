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
from accunode_common.scaling.recommend import WINDOW_MINUTES, Measured, recommend

__all__ = [
    "WINDOW_MINUTES",
    "Action",
    "Alarm",
    "AlarmState",
    "Comparison",
    "Decision",
    "FleetPolicy",
    "Interval",
    "Measured",
    "Policy",
    "ScalingRule",
    "Step",
    "Verdict",
    "decide",
    "look_back",
    "next_state",
    "recommend",
    "replay",
    "shipped_policy",
]
