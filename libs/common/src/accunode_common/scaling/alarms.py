"""The states of a CloudWatch alarm that ignores missing data, minute by minute.

After "Configuring how CloudWatch alarms treat missing data" of the CloudWatch user guide: an alarm looks back somewhat
farther than its evaluation periods and judges by the latest real datapoints it finds there.
"""

from collections.abc import Sequence
from enum import StrEnum

from accunode_common.scaling.policy import Alarm

LOOK_BACK_EXTRA = 2
"""How many minutes beyond its evaluation periods an alarm looks back for real datapoints, as in the guide's tables. AWS
does not promise the number."""


class AlarmState(StrEnum):
    """What an alarm says; CloudWatch's names."""

    OK = "OK"
    ALARM = "ALARM"
    INSUFFICIENT_DATA = "INSUFFICIENT_DATA"


def look_back(alarm: Alarm) -> int:
    """How many of the latest minutes decide an alarm's next state."""
    return alarm.evaluation_periods + LOOK_BACK_EXTRA


def next_state(alarm: Alarm, state: AlarmState, values: Sequence[float | None]) -> AlarmState:
    """The state after the last of these minutes.

    Args:
        alarm: The alarm.
        state: Its state before.
        values: A value a minute, oldest first, None where there is none; only the last `look_back` matter.
    """
    real = [value for value in values[-look_back(alarm) :] if value is not None][-alarm.evaluation_periods :]
    breaching = sum(alarm.breached_by(value) for value in real)
    if breaching >= alarm.datapoints_to_alarm:
        return AlarmState.ALARM
    if breaching == len(real) < alarm.evaluation_periods:
        # Nothing, or too little, and all of it breaching: what is missing could have decided it either way.
        return state
    return AlarmState.OK


def replay(alarm: Alarm, values: Sequence[float | None]) -> AlarmState:
    """The state of an alarm that began without data and saw these minutes, oldest first."""
    state = AlarmState.INSUFFICIENT_DATA
    for end in range(1, len(values) + 1):
        state = next_state(alarm, state, values[max(0, end - look_back(alarm)) : end])
    return state
