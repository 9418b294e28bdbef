"""The scaling policy, typed: what `policy.json` holds and `/scaling/policy` takes, and templates are tested against.

A rule is an alarm over one-minute values and the steps taken while it stands, in the terms of CloudWatch alarms and of
step scaling, so that its numbers can be compared with a template's one by one.
"""

from enum import StrEnum
from importlib.resources import files
from itertools import pairwise
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

CAPACITY_LIMIT = 100
"""No fleet of this product is larger; a policy that asks for more is a slip of the keyboard."""

MEMORY_MINUTES = 120
"""The longest window of an alarm."""


class Comparison(StrEnum):
    """Which side of its threshold an alarm watches; CloudWatch's names."""

    ABOVE = "GreaterThanThreshold"
    BELOW = "LessThanThreshold"


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Alarm(_Model):
    """An alarm over one-minute values of a metric."""

    comparison: Comparison = Field(description="Which side of the threshold breaches it; the threshold itself is fine.")
    threshold: float = Field(ge=0, allow_inf_nan=False, description="In the metric's unit.")
    period_seconds: Literal[60] = Field(description="The length of a datapoint: a minute.")
    evaluation_periods: int = Field(ge=1, le=MEMORY_MINUTES, description="How many of the latest datapoints count.")
    datapoints_to_alarm: int = Field(ge=1, le=MEMORY_MINUTES, description="How many of them must breach.")
    missing_data: Literal["ignore"] = Field(description="A minute without a value leaves the alarm as it is.")

    @model_validator(mode="after")
    def _can_be_reached(self) -> Self:
        if self.datapoints_to_alarm > self.evaluation_periods:
            raise ValueError("datapoints_to_alarm exceeds evaluation_periods, so the alarm could never ring")
        return self

    def breached_by(self, value: float) -> bool:
        """Whether a value lies beyond the threshold."""
        return value > self.threshold if self.comparison is Comparison.ABOVE else value < self.threshold


class Step(_Model):
    """What to do from a value on, seen from the threshold outwards, until the next step begins."""

    at: float = Field(ge=0, allow_inf_nan=False, description="The metric's value at which the step begins.")
    change: int = Field(ge=-CAPACITY_LIMIT, le=CAPACITY_LIMIT, description="Instances to add; negative to remove.")


class Interval(_Model):
    """A step as CloudFormation writes it: bounds relative to the threshold, None for no bound."""

    lower: float | None
    upper: float | None
    change: int


class ScalingRule(Alarm):
    """An alarm, the steps taken while it stands, and the pause after each."""

    steps: tuple[Step, ...] = Field(
        min_length=1, max_length=10, description="From the threshold outwards, without gaps; the last has no end."
    )
    cooldown_seconds: int = Field(ge=0, le=3600, description="How long an action counts as still taking effect.")

    @model_validator(mode="after")
    def _steps_cover_what_breaches(self) -> Self:
        sign = 1 if self.comparison is Comparison.ABOVE else -1
        if self.steps[0].at != self.threshold:
            raise ValueError(f"the first step begins at {self.steps[0].at:g} and the alarm at {self.threshold:g}")
        if any((after.at - before.at) * sign <= 0 for before, after in pairwise(self.steps)):
            raise ValueError("steps do not follow each other away from the threshold")
        if any(step.change * sign <= 0 for step in self.steps):
            raise ValueError("a step changes the capacity the wrong way, or not at all")
        if any((after.change - before.change) * sign < 0 for before, after in pairwise(self.steps)):
            raise ValueError("a step farther from the threshold changes less than one nearer to it")
        return self

    def change_at(self, value: float) -> int:
        """The step that a value calls for, 0 for none.

        A value on the edge of two steps takes the one farther from the threshold, after the bounds of AWS's
        `StepAdjustment`: above the threshold the lower one is inclusive, below it the upper one.
        """
        above = self.comparison is Comparison.ABOVE
        reached = [step.change for step in self.steps if (value >= step.at if above else value <= step.at)]
        return reached[-1] if reached else 0

    def intervals(self) -> tuple[Interval, ...]:
        """The steps in CloudFormation's terms, in the file's order."""
        ends = [step.at - self.threshold for step in self.steps]
        spans = zip(ends, [*ends[1:], None], self.steps, strict=True)
        if self.comparison is Comparison.ABOVE:
            return tuple(Interval(lower=near, upper=far, change=step.change) for near, far, step in spans)
        return tuple(Interval(lower=far, upper=near, change=step.change) for near, far, step in spans)


class FleetPolicy(_Model):
    """How one kind of instance is scaled."""

    minimum: int = Field(ge=1, le=CAPACITY_LIMIT, description="Instances that always run.")
    maximum: int = Field(ge=1, le=CAPACITY_LIMIT, description="Instances that are never exceeded.")
    metric: Literal["CPUUtilization", "QueueLength"] = Field(description="The metric that both rules read.")
    statistic: Literal["Average", "Maximum"] = Field(description="How a minute's values become one.")
    scale_out: ScalingRule = Field(description="When instances are added.")
    scale_in: ScalingRule = Field(description="When they are removed.")

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        if self.minimum > self.maximum:
            raise ValueError(f"minimum {self.minimum} exceeds maximum {self.maximum}")
        if self.scale_out.comparison is not Comparison.ABOVE or self.scale_in.comparison is not Comparison.BELOW:
            raise ValueError("scale_out is for values above its threshold and scale_in for values below")
        if self.scale_in.threshold >= self.scale_out.threshold:
            raise ValueError(
                f"scale_in begins at {self.scale_in.threshold:g} and scale_out at {self.scale_out.threshold:g}: "
                "the fleet would shrink and grow by turns"
            )
        return self


def _example(schema: dict[str, Any]) -> None:
    schema["examples"] = [shipped_policy().model_dump(mode="json")]


class Policy(_Model):
    """Every number that scales the product."""

    model_config = ConfigDict(json_schema_extra=_example)

    name: str = Field(min_length=1, max_length=64, pattern=r"^[\w .-]+$", description="What the policy is called.")
    api: FleetPolicy = Field(description="The API services, each by its processor use in per cent.")
    workers: FleetPolicy = Field(description="The workers, by the messages that wait in all queues.")
    backlog_alert: Alarm = Field(description="When people are told that too much waits.")
    tasks_per_minute_per_worker: int = Field(
        ge=1, le=100_000, description="What a worker instance is expected to finish; `drain_minutes` reckons with it."
    )

    @model_validator(mode="after")
    def _each_by_its_metric(self) -> Self:
        if self.api.metric != "CPUUtilization" or self.workers.metric != "QueueLength":
            raise ValueError("the API is scaled by CPUUtilization and the workers by QueueLength")
        if self.backlog_alert.comparison is not Comparison.ABOVE:
            raise ValueError("backlog_alert is for more messages than its threshold, not for fewer")
        if self.api.scale_out.threshold > 100:
            raise ValueError("api.scale_out.threshold exceeds 100 per cent, which is never reached")
        return self


def shipped_policy() -> Policy:
    """The policy that the product ships with, and that the templates carry."""
    return Policy.model_validate_json(files(__package__).joinpath("policy.json").read_bytes())
