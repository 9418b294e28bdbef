"""What the worker and the relay are told by their environment."""

import tempfile
from pathlib import Path

from pydantic import Field

from accunode_common.environment import Concern, ProcessSettings, variable
from accunode_common.settings import (
    DatabaseSettings,
    LogSettings,
    MetricsSettings,
    ModelSettings,
    RedisSettings,
    StorageSettings,
)
from accunode_common.tabular.confined import MEBIBYTE, Allowance


class HeartbeatSettings(Concern, env_prefix="ACCUNODE_HEARTBEAT_"):
    """Where a process shows that it lives."""

    file: Path | None = None
    """The file that shows that a process lives; give each process of a machine its own. Unset, it lies in the
    temporary folder."""

    def path(self, process: str) -> Path:
        """The file of `process`."""
        return self.file or Path(tempfile.gettempdir()) / f"accunode-{process}.heartbeat"


class StartupSettings(Concern, env_prefix="ACCUNODE_STARTUP_"):
    """How a process starts."""

    seconds: float = Field(default=30, gt=0)
    """Seconds that a starting process waits for Redis and PostgreSQL."""


class WorkerDatabaseSettings(DatabaseSettings):
    """How a worker reaches PostgreSQL: a process runs one task at a time."""

    pool_size: int = Field(default=1, ge=1)
    """Connections that a process keeps open; a worker's process runs one task at a time."""
    pool_overflow: int = Field(default=1, ge=0)
    """Connections that it may open above `ACCUNODE_DATABASE_POOL_SIZE`."""
    statement_timeout_ms: int = Field(default=45_000, ge=100)
    """Milliseconds after which a statement is cancelled; a chunk writes thousands of rows."""
    away_seconds: float = Field(default=30, gt=0)
    """How long a task tries again while PostgreSQL is away, before its process ends, in seconds."""


class WorkerStorageSettings(StorageSettings):
    """Where files lie, and when the sweep of the store deletes them."""

    orphan_hours: float = variable("ACCUNODE_ORPHAN_HOURS", 6, gt=0)
    """Hours after which the sweep of the store deletes a file that belongs to no job: more than any upload takes."""


class ChunkSettings(Concern, env_prefix="ACCUNODE_CHUNK_"):
    """Chunks of rows, and the leases under which tasks do them."""

    rows: int = Field(default=5_000, ge=1, le=100_000)
    """Rows that one task scores: large enough to make a matrix worth while, small enough to cancel soon."""
    lease_seconds: float = Field(default=60, gt=0)
    """Seconds that a chunk is its worker's at most; that of a worker that is gone is freed at once."""
    attempts: int = Field(default=3, ge=1)
    """Tries after which a chunk, or the reading of a file, is given up."""
    retry_seconds: float = Field(default=5, ge=0)
    """Seconds of the pause after the first failed try; the second waits twice as long."""
    in_flight: int = variable("ACCUNODE_CHUNKS_IN_FLIGHT", 16, ge=1)
    """Chunks that one tenant may have with the workers at once, in each queue."""
    lost_seconds: float = variable("ACCUNODE_HANDOUT_SECONDS", 600, gt=0)
    """Seconds that a message may wait in a queue before it is taken for lost."""


class ReadingSettings(Concern, env_prefix="ACCUNODE_READING_"):
    """What the reading of a file may take, which runs in a process of its own."""

    seconds: int = Field(default=60, ge=1)
    """Seconds of computing that the reading of any file may take."""
    seconds_per_mib: int = Field(default=10, ge=0)
    """Seconds of computing beyond that, for each MiB of the file."""
    most_seconds: int = Field(default=900, ge=1)
    """Seconds of computing that the reading may take whatever the file's size."""
    memory_mib: int = Field(default=1536, ge=64)
    """MiB of memory that the reading of a file may take."""

    def allowance(self, size: int) -> Allowance:
        """What reading a file of so many bytes may take."""
        seconds = self.seconds + self.seconds_per_mib * size // MEBIBYTE
        return Allowance(min(seconds, self.most_seconds), self.memory_mib * MEBIBYTE)


class EcsSettings(Concern, env_prefix="ECS_"):
    """Amazon's container service, where the worker runs on it; its own variables bear no prefix of ours."""

    agent_uri: str | None = Field(default=None, pattern=r"^http://")
    """Where ECS's agent answers; ECS itself sets it."""


class WorkerSettings(ProcessSettings):
    """What a worker needs."""

    log: LogSettings
    metrics: MetricsSettings
    heartbeat: HeartbeatSettings
    startup: StartupSettings
    database: WorkerDatabaseSettings
    redis: RedisSettings
    storage: WorkerStorageSettings
    models: ModelSettings
    chunks: ChunkSettings
    reading: ReadingSettings
    ecs: EcsSettings


class OutboxSettings(Concern, env_prefix="ACCUNODE_RELAY_"):
    """Publishing of the outbox's messages."""

    batch: int = Field(default=200, ge=1)
    """Messages published in one transaction."""
    poll_seconds: float = Field(default=1, gt=0)
    """How often the outbox is looked at when nobody notifies, in seconds."""


class ScheduleSettings(Concern):
    """When the relay does what comes again."""

    seal_seconds: float = Field(default=5, gt=0)
    """How often new events of the audit trail are sealed, in seconds."""
    sweep_seconds: float = Field(default=2, gt=0)
    """How often unfinished work is looked for, in seconds."""
    stalled_seconds: float = Field(default=600, gt=0)
    """Seconds that a job may stand still before it is looked after."""
    monitoring_hour: int = Field(default=2, ge=0, le=24)
    """From which hour of the day, UTC, the tenants' populations are held against the models'; 24 for never."""


class RelaySettings(ProcessSettings):
    """What the relay needs."""

    log: LogSettings
    metrics: MetricsSettings
    heartbeat: HeartbeatSettings
    startup: StartupSettings
    database: DatabaseSettings
    redis: RedisSettings
    outbox: OutboxSettings
    schedule: ScheduleSettings
