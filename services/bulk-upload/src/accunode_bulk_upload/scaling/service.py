"""Reading how the workers are scaled, and changing the policy that recommendations follow."""

from collections.abc import Iterator, Sequence
from typing import Any

from redis.asyncio import Redis
from sqlalchemy.ext.asyncio import AsyncSession

from accunode_bulk_upload.scaling import repository
from accunode_bulk_upload.scaling.schemas import (
    EFFECT,
    CurrentRecommendation,
    DecisionOut,
    Difference,
    PolicyOut,
    QueueState,
    ScalingMetrics,
    ScalingPoint,
    ScalingStatus,
)
from accunode_common.auth.subject import Subject
from accunode_common.errors import StaleVersionError
from accunode_common.http.conditional import Conditional
from accunode_common.http.pagination import PageOf, PageParameters, Sorting, SortOrder
from accunode_common.http.trail import Trail
from accunode_common.models.ops import ScalingDecision, ScalingPolicy, ScalingSample
from accunode_common.scaling import WINDOW_MINUTES, Measured, Policy, recommend, shipped_policy
from accunode_common.scaling.records import SHIPPED_VERSION, DecisionRecord, policy_in_force

SORTING = Sorting({"decided_at": ScalingDecision.decided_at}, default="-decided_at", key=ScalingDecision.id)
RECENT_MINUTES = 60
"""How old the latest sample of the status may be."""


async def status(session: AsyncSession, redis: Redis) -> ScalingStatus:
    """What waits and what works now."""
    policy, _ = await _policy(session)
    waiting = await repository.queues(redis)
    workers = await repository.workers(session)
    latest = next(reversed(await repository.samples(session, RECENT_MINUTES)), None)
    length = sum(queue.waiting for queue in waiting)
    return ScalingStatus(
        queues=[QueueState.model_validate(queue) for queue in waiting],
        queue_length=length,
        backlog_alert=policy.backlog_alert.breached_by(length),
        outbox_length=await repository.outbox_length(session),
        workers_alive=workers.alive,
        workers_busy=workers.busy,
        messages_taken=workers.taken,
        leases=latest.leases if latest else None,
        sampled_at=latest.minute if latest else None,
        minimum=policy.workers.minimum,
        maximum=policy.workers.maximum,
    )


async def metrics(session: AsyncSession, minutes: int) -> ScalingMetrics:
    """The samples of the last minutes."""
    points = [_point(sample) for sample in await repository.samples(session, minutes)]
    ended = sum(point.tasks_finished + point.tasks_failed for point in points)
    worked = sum(point.workers_alive for point in points)
    return ScalingMetrics(
        minutes=minutes,
        tasks_per_minute=ended / len(points) if points else None,
        tasks_per_minute_per_worker=ended / worked if worked else None,
        points=points,
    )


def _point(sample: ScalingSample) -> ScalingPoint:
    ended = {
        name: sum(of[name] for of in sample.tasks.values())
        for name in ("finished", "failed", "waited_seconds", "ran_seconds")
    }
    count = int(ended["finished"] + ended["failed"])
    return ScalingPoint(
        minute=sample.minute,
        queue_length=sample.queue_length,
        waiting=sample.waiting,
        oldest_seconds=max((age for age in sample.oldest_seconds.values() if age is not None), default=None),
        outbox_length=sample.outbox_length,
        workers_alive=sample.workers_alive,
        workers_busy=sample.workers_busy,
        leases=sample.leases,
        tasks_finished=int(ended["finished"]),
        tasks_failed=int(ended["failed"]),
        mean_wait_seconds=ended["waited_seconds"] / count if count else None,
        mean_run_seconds=ended["ran_seconds"] / count if count else None,
    )


async def recommendation(session: AsyncSession, redis: Redis) -> CurrentRecommendation:
    """What the policy would do now. The alarms see the samples; what waits now decides how long it takes."""
    policy, version = await _policy(session)
    alive = (await repository.workers(session)).alive
    length = sum(queue.waiting for queue in await repository.queues(redis))
    window = [
        Measured(sample.minute, sample.queue_length, sample.workers_alive)
        for sample in await repository.samples(session, WINDOW_MINUTES)
    ]
    decision = recommend(policy.workers, window, await repository.now(session), alive)
    record = DecisionRecord.of(decision, workers=alive, queue_length=length, policy=policy, version=version)
    pace = policy.tasks_per_minute_per_worker
    return CurrentRecommendation(
        **record.model_dump(),
        drain_minutes=length / (alive * pace) if alive else None,
        drain_minutes_at_capacity=length / (record.capacity * pace),
    )


async def history(session: AsyncSession, order: SortOrder, paging: PageParameters) -> PageOf[ScalingDecision]:
    """Every change of the decision."""
    return await repository.page(session, order, paging)


def show_decisions(rows: Sequence[ScalingDecision]) -> list[DecisionOut]:
    """Decisions as clients see them, without those that this code cannot read."""
    records = ((row, DecisionRecord.kept_as(row.decision)) for row in rows)
    return [
        DecisionOut(id=row.id, decided_at=row.decided_at, **record.model_dump())
        for row, record in records
        if record is not None
    ]


async def policy_now(session: AsyncSession) -> PolicyOut:
    """The policy in force."""
    return _show(await repository.stored_policy(session))


async def change_policy(
    session: AsyncSession, subject: Subject, trail: Trail, policy: Policy, condition: Conditional
) -> PolicyOut:
    """Store the policy that recommendations follow from now on.

    Raises:
        StaleVersionError: The caller builds on another version, or somebody else was first.
    """
    stored = await repository.stored_policy(session, lock=True)
    condition.check(stored.version if stored else SHIPPED_VERSION)
    before, _ = policy_in_force(*((stored.policy, stored.version) if stored else (None, None)))
    values = policy.model_dump(mode="json")
    if stored is not None:
        kept = await repository.store_next(session, values, subject.user_id)
    else:
        first = await repository.store_first(session, values, subject.user_id)
        if first is None:
            raise StaleVersionError("Somebody else has just stored a policy; read it, and repeat the change.")
        kept = first
    changes = {field: [old, new] for field, old, new in _differing(before, policy)}
    details = {"name": policy.name, "version": kept.version, "changes": changes}
    await trail.record(session, "scaling_policy.change", "scaling_policy", policy.name, details=details)
    return _show(kept)


async def _policy(session: AsyncSession) -> tuple[Policy, int]:
    stored = await repository.stored_policy(session)
    return policy_in_force(*((stored.policy, stored.version) if stored else (None, None)))


def _show(stored: ScalingPolicy | None) -> PolicyOut:
    policy, _ = policy_in_force(*((stored.policy, stored.version) if stored else (None, None)))
    return PolicyOut(
        policy=policy,
        version=stored.version if stored else SHIPPED_VERSION,
        updated_at=stored.updated_at if stored else None,
        updated_by=stored.updated_by if stored else None,
        differences=[
            Difference(field=field, shipped=shipped, here=here)
            for field, shipped, here in _differing(shipped_policy(), policy)
        ],
        effect=EFFECT,
    )


def _differing(before: Policy, after: Policy) -> Iterator[tuple[str, Any, Any]]:
    """The fields that differ, by their places; what one has and the other lacks is None there."""
    left, right = (dict(_fields(policy.model_dump(mode="json"))) for policy in (before, after))
    for field in {**left, **right}:
        if left.get(field) != right.get(field):
            yield field, left.get(field), right.get(field)


def _fields(value: Any, place: str = "") -> Iterator[tuple[str, Any]]:
    if not isinstance(value, dict | list):
        yield place, value
        return
    parts = value.items() if isinstance(value, dict) else enumerate(value)
    for name, part in parts:
        yield from _fields(part, f"{place}.{name}" if place else str(name))
