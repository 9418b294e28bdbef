"""Background jobs of any type, as clients see them."""

from typing import Any
from uuid import UUID

from pydantic import Field

from accunode_bulk_upload.uploads.schemas import JobError, progress
from accunode_common.http.schemas import ResponseModel, UtcTime
from accunode_common.models.bulk import Job, JobState, JobType
from accunode_common.models.columns import AccessLevel


class BackgroundJob(ResponseModel):
    """A background job and how far it has come."""

    id: UUID
    type: JobType
    state: JobState
    kind: str | None
    access_level: AccessLevel
    organization_id: UUID | None
    created_by: UUID
    progress: float = Field(description="In [0, 1].")
    result: dict[str, Any]
    error: JobError | None
    created_at: UtcTime
    started_at: UtcTime | None
    finished_at: UtcTime | None
    updated_at: UtcTime
    version: int = Field(description="Rises with every change; the ETag.")


def background_job(job: Job) -> BackgroundJob:
    """The job as clients see it."""
    return BackgroundJob(
        id=job.id,
        type=JobType(job.type),
        state=JobState(job.state),
        kind=job.kind,
        access_level=AccessLevel(job.access_level),
        organization_id=job.organization_id,
        created_by=job.created_by,
        progress=progress(job),
        result=job.result,
        error=JobError(code=job.error_code, message=job.error_message or "") if job.error_code else None,
        created_at=job.created_at,
        started_at=job.started_at,
        finished_at=job.finished_at,
        updated_at=job.updated_at,
        version=job.version,
    )
