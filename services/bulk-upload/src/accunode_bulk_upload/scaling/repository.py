"""The SQL of scaling, and what waits in Redis."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from redis.asyncio import Redis
from sqlalchemy import Select, func, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from accunode_common.http.pagination import PageOf, PageParameters, SortOrder, paginate
from accunode_common.models.ops import (
    CURRENT_POLICY,
    OutboxMessage,
    ScalingDecision,
    ScalingPolicy,
    ScalingSample,
    WorkerProcess,
)
from accunode_common.tasks.holders import LIVES
from accunode_common.tasks.messages import Queue
from accunode_common.tasks.waiting import message_age, waiting_key

_WORKER = aliased(WorkerProcess, name="w")
_MESSAGES = func.cardinality(_WORKER.messages)
_WORKERS = select(
    func.count().label("alive"),
    func.count().filter(_MESSAGES > 0).label("busy"),
    func.coalesce(func.sum(_MESSAGES), 0).label("taken"),
).where(_WORKER.id == _WORKER.worker_id, text(LIVES))


@dataclass(frozen=True, slots=True)
class Waiting:
    """What waits in one queue."""

    queue: Queue
    waiting: int
    oldest_seconds: float | None


@dataclass(frozen=True, slots=True)
class Workers:
    """Workers that live, how many of them hold messages, and how many messages that is."""

    alive: int
    busy: int
    taken: int


async def queues(redis: Redis) -> list[Waiting]:
    """What waits in each queue now."""
    async with redis.pipeline(transaction=True) as pipe:
        for queue in Queue:
            pipe.llen(waiting_key(queue))
            pipe.lindex(waiting_key(queue), -1)
        found = await pipe.execute()
    now = time.time()
    ends = zip(Queue, found[::2], found[1::2], strict=True)
    return [Waiting(queue, length, message_age(last, now)) for queue, length, last in ends]


async def workers(session: AsyncSession) -> Workers:
    """The workers that live now."""
    return Workers(*(await session.execute(_WORKERS)).one())


async def outbox_length(session: AsyncSession) -> int:
    """Messages that are not published yet."""
    return int(await session.scalar(select(func.count(OutboxMessage.created_at))) or 0)


async def samples(session: AsyncSession, minutes: int) -> Sequence[ScalingSample]:
    """The samples of the last minutes, oldest first."""
    since = func.now() - timedelta(minutes=minutes)
    found = await session.scalars(
        select(ScalingSample).where(ScalingSample.minute > since).order_by(ScalingSample.minute)
    )
    return found.all()


async def now(session: AsyncSession) -> datetime:
    """The database's time, which samples have too."""
    moment: datetime = (await session.execute(select(func.now()))).scalar_one()
    return moment


async def stored_policy(session: AsyncSession, *, lock: bool = False) -> ScalingPolicy | None:
    """The policy that somebody stored, if anybody did."""
    statement = select(ScalingPolicy).where(ScalingPolicy.name == CURRENT_POLICY)
    found: ScalingPolicy | None = await session.scalar(statement.with_for_update() if lock else statement)
    return found


async def store_first(session: AsyncSession, policy: dict[str, Any], author: UUID) -> ScalingPolicy | None:
    """The stored policy; None if somebody else stored one meanwhile."""
    statement = insert(ScalingPolicy).values(name=CURRENT_POLICY, policy=policy, updated_by=author)
    found = await session.scalars(statement.on_conflict_do_nothing().returning(ScalingPolicy))
    return found.one_or_none()


async def store_next(session: AsyncSession, policy: dict[str, Any], author: UUID) -> ScalingPolicy:
    """The stored policy, with the next version."""
    changed = await session.scalars(
        update(ScalingPolicy)
        .where(ScalingPolicy.name == CURRENT_POLICY)
        .values(policy=policy, updated_by=author, version=ScalingPolicy.version + 1, updated_at=func.now())
        .returning(ScalingPolicy)
        .execution_options(populate_existing=True)
    )
    return changed.one()


def decisions() -> Select[ScalingDecision]:
    """Every change of the decision."""
    return select(ScalingDecision)


async def page(session: AsyncSession, order: SortOrder, paging: PageParameters) -> PageOf[ScalingDecision]:
    """A page of the changes of the decision."""
    return await paginate(session, decisions(), order, paging)
