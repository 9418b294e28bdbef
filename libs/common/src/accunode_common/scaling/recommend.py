"""What the policy decides for the workers now, from the relay's samples."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from accunode_common.scaling.decide import Action, Decision, decide
from accunode_common.scaling.policy import FleetPolicy

WINDOW_MINUTES = 120
"""How far back the alarms' states are reckoned from."""

_MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Measured:
    """One minute's sample.

    Attributes:
        minute: When it was taken, to the minute.
        queue_length: Messages that waited in all queues.
        workers: Workers that lived.
    """

    minute: datetime
    queue_length: int
    workers: int


def recommend(fleet: FleetPolicy, samples: Sequence[Measured], now: datetime, workers: int) -> Decision:
    """What the policy decides for the workers at `now`.

    Args:
        fleet: The workers' policy.
        samples: Of the last `WINDOW_MINUTES`, oldest first; a minute without one is a minute without a value. Those
            after `now`, as a clock that was set back leaves them, do not count.
        now: The moment of the decision.
        workers: Workers that live at `now`.
    """
    samples = [sample for sample in samples if sample.minute <= now]
    return decide(fleet, _by_minute(samples, now), workers, _latest_change(samples, now, workers))


def _by_minute(samples: Sequence[Measured], now: datetime) -> list[float | None]:
    """A value for each minute from the first sample to the last that can be there by `now`."""
    if not samples:
        return []
    values = {sample.minute: float(sample.queue_length) for sample in samples}
    minutes = int((now - samples[0].minute) / _MINUTE) + 1
    every = [samples[0].minute + number * _MINUTE for number in range(minutes)]
    if every[-1] not in values:
        # The minute that has just begun has no sample yet, which is no silence.
        every.pop()
    return [values.get(minute) for minute in every[-WINDOW_MINUTES:]]


def _latest_change(samples: Sequence[Measured], now: datetime, workers: int) -> Action | None:
    """The latest change of the number of workers, whoever made it: nobody tells the product what has scaled it."""
    later = workers
    seen = now
    for sample in reversed(samples):
        if sample.workers != later:
            return Action(later - sample.workers, (now - seen).total_seconds())
        seen = sample.minute
    return None
