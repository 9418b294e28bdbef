"""Task names, queues and payloads. A payload is JSON of identifiers; a newer one may add optional fields only."""

from enum import StrEnum
from typing import ClassVar
from uuid import UUID

from pydantic import BaseModel, ConfigDict


class Queue(StrEnum):
    """Queues by urgency and size, so that a large job never holds up a small one."""

    INTERACTIVE = "interactive"
    BULK = "bulk"
    MAINTENANCE = "maintenance"


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


class FinishJob(TaskMessage):
    """Close a job whose chunks are all done."""

    task: ClassVar[str] = "bulk.finish"

    job_id: UUID
