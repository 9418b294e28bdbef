"""What keeps the machinery honest: the outbox, idempotency keys, and the scaling policy."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Index, LargeBinary, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import SmallInteger, Text

from accunode_common.db.access import (
    IN_TENANT,
    READS_PLATFORM,
    SERVICE_ROLES,
    USER,
    WRITES_PLATFORM,
    Command,
    DatabaseRole,
    Policy,
    access,
    read_write,
)
from accunode_common.db.base import Base, Identified, TenantOwned, Versioned

_relay = Policy("relays", Command.ALL, using="true", roles=(DatabaseRole.RELAY,))
_platform_counts = Policy("counts", Command.SELECT, using=READS_PLATFORM, roles=(DatabaseRole.BULK,))


class OutboxMessage(TenantOwned, Base):
    """A task to be published once the transaction that wrote it has committed."""

    __tablename__ = "outbox"
    __table_args__ = (
        Index(None, "id"),
        {
            "schema": "ops",
            "info": access(
                (Policy("inserts", Command.INSERT, check=IN_TENANT), _relay, _platform_counts),
                {
                    DatabaseRole.AUTH: ("INSERT",),
                    DatabaseRole.TENANTS: ("INSERT",),
                    DatabaseRole.PREDICTIONS: ("INSERT",),
                    DatabaseRole.BULK: ("INSERT", "SELECT (queue, created_at)"),
                    DatabaseRole.WORKER: ("INSERT",),
                    DatabaseRole.RELAY: ("SELECT", "INSERT", "UPDATE", "DELETE"),
                },
            ),
        },
    )

    task: Mapped[str] = mapped_column(Text)
    queue: Mapped[str] = mapped_column(Text)
    payload: Mapped[dict[str, Any]] = mapped_column(JSONB)
    created_at: Mapped[datetime] = mapped_column(server_default=text("now()"))


class WorkerProcess(Base):
    """A process of a worker that can hold leases, one run of it: the parent notes every few seconds that it lives.

    The parent has a row of its own, whose `id` is the `worker_id` of all. What a process holds is free as soon as its
    row is gone, stale or retired.
    """

    __tablename__ = "workers"
    __table_args__ = (
        Index(None, "worker_id"),
        {
            "schema": "ops",
            "info": access(
                (
                    Policy("works", Command.ALL, using="true", roles=(DatabaseRole.WORKER,)),
                    _relay,
                    _platform_counts,
                ),
                {
                    DatabaseRole.BULK: ("SELECT (id, worker_id, started_at, beat_at, retired, messages)",),
                    DatabaseRole.WORKER: ("SELECT", "INSERT", "UPDATE", "DELETE"),
                    DatabaseRole.RELAY: ("SELECT", "DELETE"),
                },
            ),
        },
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    worker_id: Mapped[UUID]
    host: Mapped[str] = mapped_column(Text)
    pid: Mapped[int]
    started_at: Mapped[datetime] = mapped_column(server_default=text("clock_timestamp()"))
    beat_at: Mapped[datetime] = mapped_column(server_default=text("clock_timestamp()"))
    retired: Mapped[bool] = mapped_column(server_default="false")
    messages: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default="{}")


class IdempotencyKey(Base):
    """The first reply to a write, given again when the same request comes again.

    `place` stands for the organization, role and scopes that the caller had; `resource_type` and `resource_id` name
    the record that the reply shows.
    """

    __tablename__ = "idempotency_keys"
    __table_args__ = (
        Index(None, "expires_at"),
        {
            "schema": "ops",
            "info": access(
                (
                    *read_write(read=f"{IN_TENANT} and user_id = {USER}", write=f"{IN_TENANT} and user_id = {USER}"),
                    Policy("purges", Command.ALL, using="true", roles=(DatabaseRole.RELAY,)),
                ),
                {
                    **dict.fromkeys(SERVICE_ROLES, ("SELECT", "INSERT", "UPDATE", "DELETE")),
                    DatabaseRole.RELAY: ("SELECT (expires_at)", "DELETE"),
                },
            ),
        },
    )

    tenant_id: Mapped[UUID] = mapped_column(primary_key=True)
    user_id: Mapped[UUID] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(Text, primary_key=True)
    method: Mapped[str] = mapped_column(Text)
    path: Mapped[str] = mapped_column(Text)
    request_hash: Mapped[bytes]
    place: Mapped[bytes | None]
    resource_type: Mapped[str | None] = mapped_column(Text)
    resource_id: Mapped[str | None] = mapped_column(Text)
    status: Mapped[int | None] = mapped_column(SmallInteger)
    response_headers: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default="{}")
    response_body: Mapped[bytes | None] = mapped_column(LargeBinary)
    created_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    expires_at: Mapped[datetime]


class TaskCount(Identified, Base):
    """What a worker has ended since it last said so; the relay adds such rows up into its samples and deletes them."""

    __tablename__ = "task_counts"
    __table_args__ = (
        {
            "schema": "ops",
            "info": access(
                (Policy("inserts", Command.INSERT, check="true", roles=(DatabaseRole.WORKER,)), _relay),
                {DatabaseRole.WORKER: ("INSERT",), DatabaseRole.RELAY: ("SELECT", "DELETE")},
            ),
        },
    )

    queue: Mapped[str] = mapped_column(Text)
    finished: Mapped[int]
    failed: Mapped[int]
    waited_seconds: Mapped[float]
    ran_seconds: Mapped[float]
    counted_at: Mapped[datetime] = mapped_column(server_default=text("clock_timestamp()"))


class ScalingSample(Base):
    """What the relay measured once in a minute.

    `waiting` and `oldest_seconds` are by queue, the latter null where nothing waits; `tasks` holds by queue what ended
    since the sample before: `finished`, `failed`, `waited_seconds` and `ran_seconds`.
    """

    __tablename__ = "scaling_samples"
    __table_args__ = (
        {
            "schema": "ops",
            "info": access(
                (Policy("reads", Command.SELECT, using=READS_PLATFORM, roles=(DatabaseRole.BULK,)), _relay),
                {DatabaseRole.BULK: ("SELECT",), DatabaseRole.RELAY: ("SELECT", "INSERT", "DELETE")},
            ),
        },
    )

    minute: Mapped[datetime] = mapped_column(primary_key=True)
    waiting: Mapped[dict[str, int]] = mapped_column(JSONB)
    oldest_seconds: Mapped[dict[str, float | None]] = mapped_column(JSONB)
    tasks: Mapped[dict[str, dict[str, float]]] = mapped_column(JSONB)
    queue_length: Mapped[int]
    outbox_length: Mapped[int]
    workers_alive: Mapped[int]
    workers_busy: Mapped[int]
    leases: Mapped[int]


class ScalingPolicy(Versioned, Base):
    """The policy that decisions follow in place of the shipped one; one row, under the name `CURRENT_POLICY`."""

    __tablename__ = "scaling_policies"
    __table_args__ = (
        {
            "schema": "ops",
            "info": access(
                (*read_write(read=READS_PLATFORM, write=WRITES_PLATFORM), _relay),
                {DatabaseRole.BULK: ("SELECT", "INSERT", "UPDATE"), DatabaseRole.RELAY: ("SELECT",)},
            ),
        },
    )

    name: Mapped[str] = mapped_column(Text, primary_key=True)
    policy: Mapped[dict[str, Any]] = mapped_column(JSONB)
    updated_by: Mapped[UUID | None]


CURRENT_POLICY = "current"


class ScalingDecision(Identified, Base):
    """What the policy decided, and why; one row for each change of the decision."""

    __tablename__ = "scaling_decisions"
    __table_args__ = (
        {
            "schema": "ops",
            "info": access(
                (*read_write(read=READS_PLATFORM, write=WRITES_PLATFORM), _relay),
                {DatabaseRole.BULK: ("SELECT",), DatabaseRole.RELAY: ("SELECT", "INSERT", "DELETE")},
            ),
        },
    )

    decision: Mapped[dict[str, Any]] = mapped_column(JSONB)
    decided_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
