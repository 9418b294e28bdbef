"""Uploads as clients send them, and their jobs as clients see them."""

from datetime import UTC, datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import Field

from accunode_common.http.schemas import InputModel, ResponseModel, UtcTime
from accunode_common.models.bulk import FINAL_STATES, Job, JobState, OnConflict
from accunode_common.models.columns import AccessLevel
from accunode_scoring import Kind

UploadKind = Literal["annual", "quarterly", "statement"]


class UploadFields(InputModel):
    """What is to be done with a file."""

    kind: UploadKind = Field(description="Which ratios its rows have, or the amounts of statements.")
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

    name: str
    bytes: int
    sha256: str = Field(description="In hexadecimal.")


class JobError(ResponseModel):
    """Why a job has failed as a whole."""

    code: str
    message: str


class BulkUpload(ResponseModel):
    """A bulk upload and how far it has come. `rows_accepted + rows_rejected + rows_skipped` is `rows_total` at the end,
    but for a cancelled job, whose remaining rows nobody has looked at."""

    id: UUID
    state: JobState
    kind: UploadKind
    access_level: AccessLevel
    organization_id: UUID | None
    created_by: UUID
    on_conflict: OnConflict
    dry_run: bool
    model_version: str | None = Field(description="The version that scores all rows; null until the file is read.")
    file: UploadedFile
    file_report: dict[str, Any] = Field(
        description="How the file was read: format, encoding, delimiter, header, which heading became which column, "
        "what was ignored and assumed; empty until it is read."
    )
    rows_total: int = Field(description="Data rows of the file, as far as it is read.")
    rows_accepted: int = Field(description="Stored, or in a dry run: would be stored.")
    rows_rejected: int = Field(description="Refused; `/errors` says why.")
    rows_skipped: int = Field(
        description="Left out without being wrong: repeated, blank or, with `skip`, stored already."
    )
    rows_remaining: int = Field(description="Read, and not yet any of these.")
    progress: float = Field(
        description="The part of the rows whose fate is known, in [0, 1]; 0 while the file is read."
    )
    rows_per_second: float | None = Field(description="Since the scoring began; null before.")
    estimated_end: UtcTime | None = Field(description="At that rate; null unless rows are being scored.")
    risk_levels: dict[str, int] = Field(description="Accepted rows by risk level.")
    grades: dict[str, int] = Field(description="Accepted rows by grade.")
    error: JobError | None
    created_at: UtcTime
    started_at: UtcTime | None
    ingested_at: UtcTime | None = Field(description="When the file was read to its end.")
    finished_at: UtcTime | None
    updated_at: UtcTime
    version: int = Field(description="Rises with every change; the ETag.")


def bulk_upload(job: Job, now: datetime | None = None) -> BulkUpload:
    """The job as clients see it at the moment `now`."""
    now = now or datetime.now(UTC)
    known = job.rows_accepted + job.rows_rejected + job.rows_skipped
    remaining = job.rows_total - known
    rate = _rate(job, now)
    scoring = job.state == JobState.SCORING
    error = JobError(code=job.error_code, message=job.error_message or "") if job.error_code else None
    return BulkUpload(
        id=job.id,
        state=JobState(job.state),
        kind=Kind(job.kind or "").value,
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
