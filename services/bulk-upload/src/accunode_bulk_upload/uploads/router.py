"""Uploads: send, list, read, cancel, try again, delete."""

from typing import Annotated

from fastapi import Depends, Query, Response

from accunode_bulk_upload.uploads import service
from accunode_bulk_upload.uploads.permissions import UploadReader, UploadWriter
from accunode_bulk_upload.uploads.receiving import REQUEST_BODY, ReceivedUpload
from accunode_bulk_upload.uploads.schemas import BulkUpload, UploadPath, bulk_upload
from accunode_common.http.app import api_router
from accunode_common.http.conditional import ETag
from accunode_common.http.openapi import problem_responses
from accunode_common.http.page_reply import PageReply
from accunode_common.http.pagination import Paging, Sorting, SortOrder
from accunode_common.http.session import SubjectSession
from accunode_common.http.trail import AuditTrail
from accunode_common.routing import API_PREFIX
from accunode_common.schemas import Page
from accunode_credit.models.bulk import Job, JobState
from accunode_scoring import Kind

router = api_router("/bulk-uploads", tag="bulk uploads")

Order = Annotated[SortOrder, Depends(Sorting({"created_at": Job.id}, default="-created_at", key=Job.id))]


@router.post(
    "",
    status_code=202,
    summary="Upload a file",
    openapi_extra={"requestBody": REQUEST_BODY},
    responses=problem_responses(507),
)
async def create_bulk_upload(
    subject: UploadWriter, upload: ReceivedUpload, session: SubjectSession, trail: AuditTrail, response: Response
) -> BulkUpload:
    """Takes a CSV, XLSX or Parquet file of companies and scores its rows in the background.

    The reply comes once the file is stored; `Location` is where to follow the job.

    **Limits.** The file may have 256 MiB, 1,048,576 rows, 256 columns, 32,767 characters in a cell and a million in a
    line. A workbook may have 255 sheets and unpack to 2 GiB, and to 200 times its size where it unpacks to more than
    64 MiB; texts that a workbook or Parquet file repeats count each time, 512 million characters in all; a Parquet file
    has no lists or structures. Reading may take 60 seconds of computing and 10 for each MiB, 900 at most, and 1,536 MiB
    of memory. A file beyond a limit ends its job `failed`, and `error` names the limit and what to do. Each person may
    have 3 uploads under way at once, and one that sends nothing for 30 seconds is cut off.
    """
    job = await service.create(session, subject, trail, upload)
    response.headers["Location"] = f"{API_PREFIX}/bulk-uploads/{job.id}"
    return bulk_upload(job)


@router.get("", summary="List uploads", response_model=Page[BulkUpload])
async def list_bulk_uploads(
    subject: UploadReader,
    session: SubjectSession,
    paging: Paging,
    order: Order,
    state: Annotated[JobState | None, Query(description="Only uploads in this state.")] = None,
    kind: Annotated[Kind | None, Query(description="Only uploads of this kind.")] = None,
) -> PageReply:
    """The caller's own uploads and its organization's, newest first."""
    found = await service.list_page(session, subject, order, paging, state=state, kind=kind)
    return PageReply(found.showing([bulk_upload(job) for job in found.rows]))


@router.get("/{job_id}", summary="Read an upload")
async def get_bulk_upload(job_id: UploadPath, subject: UploadReader, session: SubjectSession, etag: ETag) -> BulkUpload:
    """State, counts, progress, rate and estimated end."""
    job = await service.get(session, subject, job_id)
    etag.tag(job.version)
    return bulk_upload(job, superseded=await service.rows_superseded(session, job))


@router.post("/{job_id}/cancel", status_code=202, summary="Cancel an upload")
async def cancel_bulk_upload(
    job_id: UploadPath, subject: UploadWriter, session: SubjectSession, trail: AuditTrail
) -> BulkUpload:
    """Stops the job within a chunk; what is stored by then stays."""
    return bulk_upload(await service.cancel(session, subject, trail, job_id))


@router.post("/{job_id}/retry", status_code=202, summary="Try again what failed")
async def retry_bulk_upload(
    job_id: UploadPath, subject: UploadWriter, session: SubjectSession, trail: AuditTrail
) -> BulkUpload:
    """Runs what failed or was cancelled, and nothing that is stored already."""
    return bulk_upload(await service.retry(session, subject, trail, job_id))


@router.delete("/{job_id}", status_code=204, summary="Delete an upload")
async def delete_bulk_upload(
    job_id: UploadPath, subject: UploadWriter, session: SubjectSession, trail: AuditTrail
) -> Response:
    """Deletes an ended job with its file and its errors; the companies and predictions stay."""
    await service.delete(session, subject, trail, job_id)
    return Response(status_code=204)
