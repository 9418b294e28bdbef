"""Task names, queues and payloads. A payload is JSON of identifiers; a newer one may add optional fields only."""

from collections.abc import Mapping
from enum import StrEnum
from typing import ClassVar
from uuid import UUID

from pydantic import BaseModel, ConfigDict

INTERACTIVE_ROWS = 20_000
"""A job of at most so many rows is one that somebody waits for."""

INTERACTIVE_BYTES = 4 * 1024 * 1024
"""A file of at most so many bytes, whose rows are not counted yet, is one that somebody waits for."""


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


class SweepStorage(TaskMessage):
    """Compare all stored objects with the database, and delete what no job needs. Its tenant is the platform's."""

    task: ClassVar[str] = "bulk.sweep_storage"


class JobMessage(TaskMessage):
    """Do a job, from wherever it stands. It can come at any time, and any number of times."""

    job_id: UUID


class RescorePortfolio(JobMessage):
    """Score all predictions again that the job's submitter may edit."""

    task: ClassVar[str] = "portfolio.rescore"


class StressPortfolio(JobMessage):
    """Score the submitter's portfolio under a scenario, and store the comparison in the job."""

    task: ClassVar[str] = "portfolio.stress"


class MonitorDrift(JobMessage):
    """Hold a tenant's population against the one that a model was trained on."""

    task: ClassVar[str] = "monitoring.drift"


class MonitorTenant(TaskMessage):
    """Make drift reports of a tenant for every serving model, without a job; once a day."""

    task: ClassVar[str] = "monitoring.tenant"


class MonitorEveryTenant(TaskMessage):
    """Send `MonitorTenant` for each tenant. Its own tenant is the platform's."""

    task: ClassVar[str] = "monitoring.every_tenant"


JOB_MESSAGES: Mapping[str, type[JobMessage]] = {
    "rescore": RescorePortfolio,
    "stress": StressPortfolio,
    "drift": MonitorDrift,
}
"""What gets a job of a type going; bulk uploads have messages of their own."""


def advance_message(
    job_type: str, tenant_id: UUID, job_id: UUID, *, request_id: str | None = None, resend: bool = False
) -> TaskMessage:
    """What has a job looked at that stands still, was cancelled, or whose messages were lost."""
    if job_type in JOB_MESSAGES:
        return JOB_MESSAGES[job_type](tenant_id=tenant_id, job_id=job_id, request_id=request_id)
    return AdvanceJob(tenant_id=tenant_id, job_id=job_id, request_id=request_id, resend=resend)
