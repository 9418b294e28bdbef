"""What is kept of policies and decisions: the relay writes it and the API shows it."""

from collections.abc import Mapping
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, ValidationError

from accunode_common.log import get_logger
from accunode_common.scaling.alarms import AlarmState
from accunode_common.scaling.decide import Decision, Verdict
from accunode_common.scaling.policy import Policy, shipped_policy

SHIPPED_VERSION = 0
"""The version of the shipped policy; stored ones count from 1."""

logger = get_logger(__name__)


class DecisionRecord(BaseModel):
    """One decision about the workers, as `ops.scaling_decisions` keeps it.

    Attributes:
        workers: Workers that lived.
        capacity: Workers that there should be.
        queue_length: Messages that waited in all queues; None if nothing was measured lately.
        policy_name: The policy that decided.
        policy_version: Its version, 0 for the shipped one.
    """

    model_config = ConfigDict(frozen=True)

    verdict: Verdict
    workers: int
    capacity: int
    reason: str
    queue_length: int | None
    high: AlarmState
    low: AlarmState
    policy_name: str
    policy_version: int

    @classmethod
    def of(cls, decision: Decision, *, workers: int, queue_length: int | None, policy: Policy, version: int) -> Self:
        """The record of a decision."""
        return cls(
            verdict=decision.verdict,
            workers=workers,
            capacity=decision.capacity,
            reason=decision.reason,
            queue_length=queue_length,
            high=decision.high,
            low=decision.low,
            policy_name=policy.name,
            policy_version=version,
        )

    @classmethod
    def kept_as(cls, stored: Mapping[str, Any]) -> Self | None:
        """The record that was kept so; None where this code cannot read it, as after another release."""
        try:
            return cls.model_validate(stored)
        except ValidationError as error:
            logger.error("a kept scaling decision is not readable", faults=error.error_count())
            return None

    def says_the_same_as(self, other: Self | None) -> bool:
        """Whether both ask for the same, by the same policy: numbers that merely moved are no new decision."""
        return other is not None and (
            (self.verdict, self.capacity, self.policy_version, self.high, self.low)
            == (other.verdict, other.capacity, other.policy_version, other.high, other.low)
        )


def policy_in_force(stored: Mapping[str, Any] | None, version: int | None) -> tuple[Policy, int]:
    """The stored policy and its version, or the shipped one and 0 where none is stored or this code cannot read it."""
    if stored is not None and version is not None:
        try:
            return Policy.model_validate(stored), version
        except ValidationError as error:
            logger.error("the stored scaling policy is not usable", faults=error.error_count())
    return shipped_policy(), SHIPPED_VERSION
