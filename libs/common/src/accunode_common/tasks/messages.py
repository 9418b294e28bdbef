"""Task names, queues and payloads. A payload is JSON of identifiers; a newer one may add optional fields only."""

from enum import StrEnum
from typing import ClassVar
from uuid import UUID

from pydantic import BaseModel, ConfigDict

INTERACTIVE_ROWS = 20_000
"""A job of at most so many rows is one that somebody waits for."""

INTERACTIVE_BYTES = 4 * 1024 * 1024
"""The same before the rows are counted."""


class Queue(StrEnum):
    """Queues by urgency and size, so that a large job never holds up a small one."""

    INTERACTIVE = "interactive"
    BULK = "bulk"
    MAINTENANCE = "maintenance"


def queue_for_bytes(size: int) -> Queue:
    """Where a file of `size` bytes is read."""
    return Queue.INTERACTIVE if size <= INTERACTIVE_BYTES else Queue.BULK


def queue_for_rows(rows: int) -> Queue:
    """Where a job of so many rows is scored."""
    return Queue.INTERACTIVE if rows <= INTERACTIVE_ROWS else Queue.BULK


class TaskMessage(BaseModel):
    """The base of payloads: unknown fields of a newer sender are ignored."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    task: ClassVar[str]

    tenant_id: UUID
    request_id: str | None = None


class IngestFile(TaskMessage):
    """Read a job's file once and cut its accepted rows into chunks."""

    task: ClassVar[str] = "bulk.ingest"

    job_id: UUID


class ScoreChunk(TaskMessage):
    """Score one chunk and store it."""

    task: ClassVar[str] = "bulk.score_chunk"

    job_id: UUID
    number: int


class AdvanceJob(TaskMessage):
    """Look at a job that has stood still, was cancelled or is to be retried: hand out what is left, or close it.

    `resend` says that messages were lost, so that what was handed out before is handed out again.
    """

    task: ClassVar[str] = "bulk.advance"

    job_id: UUID
    resend: bool = False


class PurgeFiles(TaskMessage):
    """Delete the stored objects of a job that is gone, or its chunks when all are done."""

    task: ClassVar[str] = "bulk.purge_files"

    job_id: UUID
