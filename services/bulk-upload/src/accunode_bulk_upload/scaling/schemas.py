"""Scaling, as clients see it."""

from typing import Any
from uuid import UUID

from pydantic import Field

from accunode_common.scaling import AlarmState, Policy, Verdict
from accunode_common.schemas import ResponseModel, UtcTime
from accunode_common.tasks.messages import Queue

EFFECT = (
    "Decides what this product recommends and records: /scaling/recommendation, /scaling/history and the backlog alert"
    " of /scaling/status. It changes no alarm, limit or instance of AWS: those carry the numbers that they were"
    " deployed with until they are deployed with others."
)


class QueueState(ResponseModel):
    """What waits in one queue."""

    queue: Queue = Field(description="By urgency and size.")
    waiting: int = Field(description="Messages that no worker has taken yet.", examples=[12])
    oldest_seconds: float | None = Field(
        description="How long ago the message that is taken next was written; null where none waits.", examples=[3.2]
    )


class ScalingStatus(ResponseModel):
    """What waits and what works, now."""

    queues: list[QueueState] = Field(description="Every queue.")
    queue_length: int = Field(description="Messages that wait in all queues: the workers' metric.", examples=[12])
    backlog_alert: bool = Field(description="Whether more wait than the policy's `backlog_alert` allows.")
    outbox_length: int = Field(description="Messages that are written and not in Redis yet.", examples=[0])
    workers_alive: int = Field(description="Workers that noted lately that they live.", examples=[2])
    workers_busy: int = Field(description="Those of them that hold a message.", examples=[1])
    messages_taken: int = Field(description="Messages that they hold.", examples=[2])
    leases: int | None = Field(
        description="Parts of jobs that processes have leased, at `sampled_at`; null without a sample.", examples=[2]
    )
    sampled_at: UtcTime | None = Field(
        description="The latest sample; null if there is none of the last hour, as when no relay runs."
    )
    minimum: int = Field(description="The policy's fewest workers.", examples=[2])
    maximum: int = Field(description="The policy's most workers.", examples=[6])


class ScalingPoint(ResponseModel):
    """One minute."""

    minute: UtcTime = Field(description="The minute of the sample.")
    queue_length: int = Field(description="Messages that waited in all queues.", examples=[12])
    waiting: dict[str, int] = Field(
        description="The same by queue.", examples=[{"interactive": 2, "bulk": 10, "maintenance": 0}]
    )
    oldest_seconds: float | None = Field(description="The longest wait of any queue's next message.", examples=[3.2])
    outbox_length: int = Field(description="Messages that were not in Redis yet.", examples=[0])
    workers_alive: int = Field(description="Workers that lived.", examples=[2])
    workers_busy: int = Field(description="Those that held a message.", examples=[1])
    leases: int = Field(description="Parts of jobs that were leased.", examples=[2])
    tasks_finished: int = Field(description="Tasks that ended well since the sample before.", examples=[180])
    tasks_failed: int = Field(description="Tasks that failed since the sample before.", examples=[0])
    mean_wait_seconds: float | None = Field(
        description="From a task's message to its start; null if none ended.", examples=[0.8]
    )
    mean_run_seconds: float | None = Field(description="From its start to its end.", examples=[0.4])


class ScalingMetrics(ResponseModel):
    """A sample a minute."""

    minutes: int = Field(description="How far back.", examples=[60])
    tasks_per_minute: float | None = Field(
        description="Tasks ended a minute, over the samples; null without one.", examples=[171.4]
    )
    tasks_per_minute_per_worker: float | None = Field(
        description="The same for each living worker; null without one.", examples=[85.7]
    )
    points: list[ScalingPoint] = Field(description="Oldest first; minutes without a sample are left out.")


class Recommendation(ResponseModel):
    """What the policy would do about the workers, and why."""

    verdict: Verdict = Field(description="Grow, shrink or hold.")
    workers: int = Field(description="Workers that live.", examples=[2])
    capacity: int = Field(description="Workers that there should be.", examples=[3])
    reason: str = Field(
        description="Why, in a sentence.", examples=["QueueLength was above 50 in 3 of 3 minutes and is 80: add 1."]
    )
    queue_length: int | None = Field(description="Messages that wait in all queues; null if unknown.", examples=[80])
    high: AlarmState = Field(description="The alarm that scales out.")
    low: AlarmState = Field(description="The alarm that scales in.")
    policy_name: str = Field(description="The policy that decides.", examples=["default"])
    policy_version: int = Field(description="Its version; 0 is the shipped policy's.", examples=[0])


class CurrentRecommendation(Recommendation):
    """What the policy would do now."""

    drain_minutes: float | None = Field(
        description="Until nothing waits if nothing new comes, with the workers there are, at the policy's pace; null "
        "without a worker.",
        examples=[0.4],
    )
    drain_minutes_at_capacity: float = Field(description="The same with the recommended workers.", examples=[0.3])


class DecisionOut(Recommendation):
    """A change of what the policy decided."""

    id: UUID = Field(description="The decision's.")
    decided_at: UtcTime = Field(description="When.")


class Difference(ResponseModel):
    """A number that differs from the shipped one."""

    field: str = Field(description="Its place in the policy.", examples=["workers.maximum"])
    shipped: Any = Field(description="What the product ships with, and its templates carry.", examples=[6])
    here: Any = Field(description="What this policy says.", examples=[8])


class PolicyOut(ResponseModel):
    """The policy in force."""

    policy: Policy = Field(description="Its numbers.")
    version: int = Field(description="Rises with every change; the ETag. 0 is the shipped policy's.", examples=[3])
    updated_at: UtcTime | None = Field(description="When it was stored; null for the shipped policy.")
    updated_by: UUID | None = Field(description="Who stored it; null for the shipped policy.")
    differences: list[Difference] = Field(description="What differs from the shipped policy.")
    effect: str = Field(description="What it decides, and what it does not.", examples=[EFFECT])
