"""What the worker and the relay are told by their environment."""

import tempfile
from pathlib import Path

from pydantic import Field

from accunode_common.settings import (
    DatabaseSettings,
    LogSettings,
    MetricsSettings,
    ModelSettings,
    RedisSettings,
    StorageSettings,
)
from accunode_common.tabular.confined import MEBIBYTE, Allowance


class HeartbeatSettings(LogSettings, MetricsSettings):
    """Where a process shows that it lives; give each process of a machine its own file."""

    heartbeat_file: Path | None = None

    def heartbeat(self, process: str) -> Path:
        """The file of `process`."""
        return self.heartbeat_file or Path(tempfile.gettempdir()) / f"accunode-{process}.heartbeat"


class WorkerSettings(HeartbeatSettings, DatabaseSettings, RedisSettings, StorageSettings, ModelSettings):
    """What a worker needs.

    Attributes:
        database_pool_size: Connections of each worker process; one task runs in it at a time.
        database_statement_timeout_ms: A statement that runs longer is cancelled; a chunk writes thousands of rows.
        chunk_rows: Rows that one task scores: large enough to make a matrix worth while, small enough to cancel soon.
        chunk_lease_seconds: How long a chunk is its worker's at most; that of a worker that is gone is freed at once.
        chunk_attempts: Tries after which a chunk, or the reading of a file, is given up.
        chunk_retry_seconds: The pause after the first failed try; the second waits twice as long.
        chunks_in_flight: Chunks that one tenant may have with the workers at once, in each queue.
        handout_seconds: How long a message may wait in a queue before it is taken for lost.
        orphan_hours: How old files must be that the sweep of the store deletes: older than any upload takes.
        database_away_seconds: How long a task tries again while PostgreSQL is away, before its process ends.
        startup_seconds: How long a starting worker waits for Redis and PostgreSQL.
        reading_seconds: Computing that the reading of any file may take.
        reading_seconds_per_mib: What it may take beyond that for each MiB of the file.
        reading_most_seconds: What it may take whatever the file's size.
        reading_memory_mib: Memory that it may take.
        ecs_agent_uri: Where ECS's agent answers; ECS itself sets `ECS_AGENT_URI`, without our prefix.
    """

    database_pool_size: int = Field(default=1, ge=1)
    database_pool_overflow: int = Field(default=1, ge=0)
    database_statement_timeout_ms: int = Field(default=45_000, ge=100)
    chunk_rows: int = Field(default=5_000, ge=1, le=100_000)
    chunk_lease_seconds: float = Field(default=60, gt=0)
    chunk_attempts: int = Field(default=3, ge=1)
    chunk_retry_seconds: float = Field(default=5, ge=0)
    chunks_in_flight: int = Field(default=16, ge=1)
    handout_seconds: float = Field(default=600, gt=0)
    orphan_hours: float = Field(default=6, gt=0)
    database_away_seconds: float = Field(default=30, gt=0)
    startup_seconds: float = Field(default=30, gt=0)
    reading_seconds: int = Field(default=60, ge=1)
    reading_seconds_per_mib: int = Field(default=10, ge=0)
    reading_most_seconds: int = Field(default=900, ge=1)
    reading_memory_mib: int = Field(default=1536, ge=64)
    ecs_agent_uri: str | None = Field(default=None, validation_alias="ecs_agent_uri", pattern=r"^http://")

    def reading_allowance(self, size: int) -> Allowance:
        """What reading a file of so many bytes may take."""
        seconds = self.reading_seconds + self.reading_seconds_per_mib * size // MEBIBYTE
        return Allowance(min(seconds, self.reading_most_seconds), self.reading_memory_mib * MEBIBYTE)


class RelaySettings(HeartbeatSettings, DatabaseSettings, RedisSettings):
    """What the relay needs.

    Attributes:
        relay_batch: Messages published in one transaction.
        relay_poll_seconds: How often the outbox is looked at when nobody notifies.
        seal_seconds: How often new events of the audit trail are sealed.
        sweep_seconds: How often unfinished work is looked for.
        stalled_seconds: How long a job may stand still before it is looked after.
        monitoring_hour: From which hour of the day, UTC, the tenants' populations are held against the models'; 24 for
            never.
        startup_seconds: How long a starting relay waits for Redis and PostgreSQL.
    """

    relay_batch: int = Field(default=200, ge=1)
    relay_poll_seconds: float = Field(default=1, gt=0)
    seal_seconds: float = Field(default=5, gt=0)
    sweep_seconds: float = Field(default=2, gt=0)
    stalled_seconds: float = Field(default=600, gt=0)
    monitoring_hour: int = Field(default=2, ge=0, le=24)
    startup_seconds: float = Field(default=30, gt=0)
