"""Background jobs of any type: bulk uploads, stress runs, rescoring."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Path, Query

from accunode_bulk_upload.jobs import service
from accunode_bulk_upload.jobs.permissions import JobCanceller, JobReader
from accunode_bulk_upload.jobs.schemas import BackgroundJob, background_job
from accunode_common.http.app import api_router
from accunode_common.http.conditional import ETag
from accunode_common.http.page_reply import PageReply
from accunode_common.http.pagination import Paging, Sorting, SortOrder
from accunode_common.http.session import SubjectSession
from accunode_common.http.trail import AuditTrail
from accunode_common.schemas import Page
from accunode_credit.models.bulk import Job, JobState, JobType

router = api_router("/jobs", tag="jobs")

JobPath = Annotated[UUID, Path(description="A job that the caller sees.")]

Order = Annotated[SortOrder, Depends(Sorting({"created_at": Job.id}, default="-created_at", key=Job.id))]


@router.get("", summary="List background jobs", response_model=Page[BackgroundJob])
async def list_jobs(
    subject: JobReader,
    session: SubjectSession,
    paging: Paging,
    order: Order,
    job_type: Annotated[JobType | None, Query(alias="type", description="Only jobs of this type.")] = None,
    state: Annotated[JobState | None, Query(description="Only jobs in this state.")] = None,
) -> PageReply:
    """The caller's own jobs and its organization's, newest first."""
    found = await service.list_page(session, subject, order, paging, job_type=job_type, state=state)
    return PageReply(found.showing([background_job(job) for job in found.rows]))


@router.get("/{job_id}", summary="Read a background job")
async def get_job(job_id: JobPath, subject: JobReader, session: SubjectSession, etag: ETag) -> BackgroundJob:
    """State, progress and result."""
    job = await service.get(session, subject, job_id)
    etag.tag(job.version)
    return background_job(job)


@router.post("/{job_id}/cancel", summary="Cancel a background job")
async def cancel_job(
    job_id: JobPath, subject: JobCanceller, session: SubjectSession, trail: AuditTrail, etag: ETag
) -> BackgroundJob:
    """Asks the workers to stop; they do within a batch, and what is done by then stays."""
    job = await service.cancel(session, subject, trail, job_id)
    etag.tag(job.version)
    return background_job(job)
