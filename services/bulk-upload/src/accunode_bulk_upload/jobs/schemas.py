"""Background jobs of any type, as clients see them."""

from typing import Any
from uuid import UUID

from pydantic import Field

from accunode_bulk_upload.uploads.schemas import FinishedAt, JobError, StartedAt, progress
from accunode_common.models.columns import AccessLevel
from accunode_common.schemas import CreatedBy, OrganizationId, ResponseModel, UpdatedAt, UtcTime, Version
from accunode_credit.models.bulk import Job, JobState, JobType


class BackgroundJob(ResponseModel):
    """A background job and how far it has come."""

    id: UUID = Field(description="For /jobs/{job_id}; an upload's is under /bulk-uploads too.")
    type: JobType = Field(description="What the job does.", examples=["rescore"])
    state: JobState = Field(description="Where it stands; the last four are final.", examples=["completed"])
    kind: str | None = Field(description="Whose predictions: annual, quarterly or statement.", examples=["annual"])
    model_version: str | None = Field(description="What scores; null until a file is read.", examples=["1.0.0"])
    access_level: AccessLevel = Field(
        description="Who sees the job; of an upload, whose records its rows become.", examples=["organization"]
    )
    organization_id: OrganizationId
    created_by: CreatedBy
    progress: float = Field(description="The part that is done, in [0, 1].", examples=[1.0])
    rows_total: int = Field(
        description="Rows, predictions or companies that the job is about, as far as is known.", examples=[1250]
    )
    rows_accepted: int = Field(description="Those that are done.", examples=[1247])
    rows_rejected: int = Field(description="Those that cannot be done.", examples=[3])
    rows_skipped: int = Field(description="Those that are left out.", examples=[0])
    result: dict[str, Any] = Field(
        description="Of a rescoring: predictions `changed` and `unchanged`, those `refused`, and the portfolio `before`"
        " and `after` by grade, risk level and mean probability. Of a stress run: the same comparison, `upgraded` and "
        "`downgraded` companies, `transitions` between grades, and `movers`. Of a drift job: the report.",
        examples=[{"changed": 212, "unchanged": 1035, "refused": 3}],
    )
    error: JobError | None = Field(description="Why the job has failed as a whole; else null.", examples=[None])
    created_at: UtcTime = Field(description="When it was handed in.", examples=["2026-03-31T09:29:11Z"])
    started_at: StartedAt
    finished_at: FinishedAt = Field(examples=["2026-03-31T09:30:00Z"])
    updated_at: UpdatedAt
    version: Version


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
