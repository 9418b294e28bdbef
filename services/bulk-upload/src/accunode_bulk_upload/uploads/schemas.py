"""Uploads as clients send them, and their jobs as clients see them."""

from datetime import UTC, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import Path
from pydantic import Field

from accunode_common.models.columns import AccessLevel
from accunode_common.schemas import (
    CreatedBy,
    InputModel,
    OrganizationId,
    ResponseModel,
    UpdatedAt,
    UtcTime,
    Version,
)
from accunode_credit.jobs import kind_of
from accunode_credit.models.bulk import FINAL_STATES, Job, JobState, OnConflict
from accunode_scoring import Kind

UploadPath = Annotated[UUID, Path(description="An upload that the caller sees.")]


FileKind = Annotated[Kind, Field(description="Which ratios its rows have, or the amounts of statements.")]
StartedAt = Annotated[
    UtcTime | None, Field(description="When a worker took it up; null before.", examples=["2026-03-31T09:29:12Z"])
]
FinishedAt = Annotated[UtcTime | None, Field(description="When it came to its end; null before.", examples=[None])]


class UploadFields(InputModel):
    """What is to be done with a file."""

    kind: FileKind
    access_level: Literal["personal", "organization", "system"] = Field(
        default="personal", description="Whose records the companies and predictions become."
    )
    on_conflict: Literal["update", "skip", "error"] = Field(
        default="update",
        description="What happens to a row whose company and period are stored already: `update` scores it again and "
        "keeps the earlier version, `skip` leaves what is stored, `error` rejects the row.",
    )
    dry_run: bool = Field(default=False, description="Score and count everything, and store nothing.")


class UploadedFile(ResponseModel):
    """The file of a job."""

    name: str = Field(description="As the client named it, without folders.", examples=["portfolio-2024.csv"])
    bytes: int = Field(description="Its size in bytes.", examples=[1_482_390])
    sha256: str = Field(
        description="Its SHA-256 hash in hexadecimal.",
        examples=["4b8e2f90c17d63a5f0b9e4d8127c5a36e98b0f4d7a1c2e5f83b6d90714ac2be8"],
    )


class JobError(ResponseModel):
    """Why a job has failed as a whole."""

    code: str = Field(description="A stable name of the fault.", examples=["no_header"])
    message: str = Field(
        description="What was wrong and what to do, in one sentence.",
        examples=["The file has no header row; begin with the columns' names."],
    )


class BulkUpload(ResponseModel):
    """A bulk upload and how far it has come. `rows_accepted + rows_rejected + rows_skipped` is `rows_total` at the end,
    but for a cancelled job, whose remaining rows nobody has looked at."""

    id: UUID = Field(description="The job's id, under /jobs too.")
    state: JobState = Field(description="Where it stands; the last four are final.", examples=["scoring"])
    kind: FileKind
    access_level: AccessLevel = Field(
        description="Whose records the companies and predictions become.", examples=["organization"]
    )
    organization_id: OrganizationId
    created_by: CreatedBy
    on_conflict: OnConflict = Field(description="What happens to rows whose company and period are stored already.")
    dry_run: bool = Field(description="Whether everything is scored and counted, and nothing stored.", examples=[False])
    model_version: str | None = Field(
        description="The version that scores all rows; null until the file is read.", examples=["1.0.0"]
    )
    file: UploadedFile = Field(description="What was uploaded.")
    file_report: dict[str, Any] = Field(
        description="How the file was read: format, encoding, delimiter, header, which heading became which column, "
        "what was ignored and assumed; empty until it is read.",
        examples=[{"format": "csv", "encoding": "utf-8", "delimiter": ","}],
    )
    rows_total: int = Field(description="Data rows of the file, as far as it is read.", examples=[10_000])
    rows_accepted: int = Field(
        description="Stored when they were scored, or in a dry run: would have been. Later changes do not lower it.",
        examples=[6_180],
    )
    rows_superseded: int | None = Field(
        description="Accepted rows that `/results` no longer has, as a later upload or an edit took their prediction "
        "over, or somebody deleted it. Counted when one ended upload is read; null in all other replies.",
        examples=[None],
    )
    rows_rejected: int = Field(description="Refused; `/errors` says why.", examples=[14])
    rows_skipped: int = Field(
        description="Left out without being wrong: repeated, blank or, with `skip`, stored already.", examples=[6]
    )
    rows_remaining: int = Field(description="Read, and not yet any of these.", examples=[3_800])
    progress: float = Field(
        description="The part of the rows whose fate is known, in [0, 1]; 0 while the file is read.", examples=[0.62]
    )
    rows_per_second: float | None = Field(description="Since the scoring began; null before.", examples=[412.0])
    estimated_end: UtcTime | None = Field(
        description="At that rate; null unless rows are being scored.", examples=["2026-03-31T09:30:09Z"]
    )
    risk_levels: dict[str, int] = Field(
        description="Accepted rows by risk level.",
        examples=[{"LOW": 4102, "MEDIUM": 1388, "HIGH": 534, "CRITICAL": 156}],
    )
    grades: dict[str, int] = Field(
        description="Accepted rows by grade.", examples=[{"AN02": 4102, "AN06": 1388, "AN08": 534, "AN10": 156}]
    )
    error: JobError | None = Field(description="Why the job has failed as a whole; else null.", examples=[None])
    created_at: UtcTime = Field(description="When the file had arrived.", examples=["2026-03-31T09:29:11Z"])
    started_at: StartedAt
    ingested_at: UtcTime | None = Field(
        description="When the file was read to its end; null before.", examples=["2026-03-31T09:29:45Z"]
    )
    finished_at: FinishedAt
    updated_at: UpdatedAt
    version: Version


def bulk_upload(job: Job, *, superseded: int | None = None) -> BulkUpload:
    """The job as clients see it now."""
    now = datetime.now(UTC)
    known = job.rows_accepted + job.rows_rejected + job.rows_skipped
    remaining = job.rows_total - known
    rate = _rate(job, now)
    scoring = job.state == JobState.SCORING
    error = JobError(code=job.error_code, message=job.error_message or "") if job.error_code else None
    return BulkUpload(
        id=job.id,
        state=JobState(job.state),
        kind=kind_of(job),
        access_level=AccessLevel(job.access_level),
        organization_id=job.organization_id,
        created_by=job.created_by,
        on_conflict=OnConflict(job.on_conflict),
        dry_run=job.dry_run,
        model_version=job.model_version,
        file=UploadedFile(name=job.file_name or "", bytes=job.file_bytes or 0, sha256=job.file_sha256 or ""),
        file_report=job.file_report,
        rows_total=job.rows_total,
        rows_accepted=job.rows_accepted,
        rows_superseded=superseded,
        rows_rejected=job.rows_rejected,
        rows_skipped=job.rows_skipped,
        rows_remaining=remaining,
        progress=progress(job),
        rows_per_second=rate,
        estimated_end=_end(now, remaining, rate) if scoring else None,
        risk_levels=job.result.get("risk_levels", {}),
        grades=job.result.get("grades", {}),
        error=error,
        created_at=job.created_at,
        started_at=job.started_at,
        ingested_at=job.ingested_at,
        finished_at=job.finished_at,
        updated_at=job.updated_at,
        version=job.version,
    )


def progress(job: Job) -> float:
    """The part of a job's rows whose fate is known, in [0, 1]."""
    if job.state in (JobState.COMPLETED, JobState.COMPLETED_WITH_ERRORS):
        return 1.0
    if job.state in (JobState.QUEUED, JobState.INGESTING) or not job.rows_total:
        return 0.0
    return round((job.rows_accepted + job.rows_rejected + job.rows_skipped) / job.rows_total, 4)


def _rate(job: Job, now: datetime) -> float | None:
    """Rows scored per second; those that reading the file has settled do not count."""
    if job.ingested_at is None:
        return None
    end = job.finished_at if job.state in FINAL_STATES and job.finished_at else now
    seconds = (end - job.ingested_at).total_seconds()
    return round(job.rows_accepted / seconds, 1) if seconds > 0 else None


def _end(now: datetime, remaining: int, rate: float | None) -> datetime | None:
    return datetime.fromtimestamp(now.timestamp() + remaining / rate, UTC) if rate else None
