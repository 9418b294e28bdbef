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
    model_version: str | None = Field(description="What scores; null until a file is read.")
    access_level: AccessLevel
    organization_id: UUID | None
    created_by: UUID
    progress: float = Field(description="In [0, 1].")
    rows_total: int = Field(description="Rows, predictions or companies that the job is about, as far as is known.")
    rows_accepted: int = Field(description="Those that are done.")
    rows_rejected: int = Field(description="Those that cannot be done.")
    rows_skipped: int = Field(description="Those that are left out.")
    result: dict[str, Any] = Field(
        description="Of a rescoring: predictions `changed` and `unchanged`, those `refused`, and the portfolio `before`"
        " and `after` by grade, risk level and mean probability. Of a stress run: the same comparison, `upgraded` and "
        "`downgraded` companies, `transitions` between grades, and `movers`. Of a drift job: the report."
    )
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
        model_version=job.model_version,
        access_level=AccessLevel(job.access_level),
        organization_id=job.organization_id,
        created_by=job.created_by,
        progress=progress(job),
        rows_total=job.rows_total,
        rows_accepted=job.rows_accepted,
        rows_rejected=job.rows_rejected,
        rows_skipped=job.rows_skipped,
        result=job.result,
        error=JobError(code=job.error_code, message=job.error_message or "") if job.error_code else None,
        created_at=job.created_at,
        started_at=job.started_at,
        finished_at=job.finished_at,
        updated_at=job.updated_at,
        version=job.version,
    )
