"""What became of a file's rows: those that are stored, and those that are not."""

from enum import StrEnum
from typing import Annotated, Any

from fastapi import Query

from accunode_bulk_upload.resources import AppResources
from accunode_bulk_upload.results import service
from accunode_bulk_upload.results.files import JobFiles
from accunode_bulk_upload.results.schemas import ResultRow, RowError
from accunode_bulk_upload.uploads.permissions import UploadReader
from accunode_bulk_upload.uploads.schemas import UploadPath
from accunode_common.http.app import api_router
from accunode_common.http.page_reply import PageReply
from accunode_common.http.pagination import Paging
from accunode_common.schemas import Page
from accunode_common.tabular import FileFormat
from accunode_scoring import RiskLevel

router = api_router("/bulk-uploads", tag="bulk uploads")


class ReplyFormat(StrEnum):
    """A page of JSON, or the whole as a file."""

    JSON = "json"
    CSV = "csv"
    XLSX = "xlsx"
    PARQUET = "parquet"


Format = Annotated[ReplyFormat, Query(description="A page of JSON, or everything as a file.", alias="format")]

_FILES: dict[int | str, dict[str, Any]] = {
    200: {
        "content": {
            file_format.media_type: {"schema": {"type": "string", "format": "binary"}} for file_format in FileFormat
        }
    }
}


@router.get("/{job_id}/results", summary="Read the scored rows", response_model=Page[ResultRow], responses=_FILES)
async def list_bulk_upload_results(
    job_id: UploadPath,
    app: AppResources,
    subject: UploadReader,
    paging: Paging,
    reply_format: Format = ReplyFormat.JSON,
    risk_level: Annotated[RiskLevel | None, Query(description="Only rows of this level; JSON only.")] = None,
) -> Any:
    """The stored rows in the file's order, with probability, grade, risk level and reasons.

    A row whose prediction a later upload or an edit has taken over is no longer here; the upload's `rows_superseded`
    counts them.
    """
    if reply_format is not ReplyFormat.JSON:
        return await JobFiles(app.database, subject, job_id).results(FileFormat(reply_format.value))
    return PageReply(
        await service.stored_rows(app.database, subject, job_id, paging, app.models, risk_level=risk_level)
    )


@router.get("/{job_id}/errors", summary="Read the rejected rows", response_model=Page[RowError], responses=_FILES)
async def list_bulk_upload_errors(
    job_id: UploadPath,
    app: AppResources,
    subject: UploadReader,
    paging: Paging,
    reply_format: Format = ReplyFormat.JSON,
    with_skipped: Annotated[bool, Query(description="Also the rows that were left out without being wrong.")] = False,
) -> Any:
    """Why rows are not stored: line, column, code, message and what the cell holds, in the file's order."""
    if reply_format is not ReplyFormat.JSON:
        files = JobFiles(app.database, subject, job_id)
        return await files.errors(FileFormat(reply_format.value), with_skipped=with_skipped)
    return PageReply(await service.row_errors(app.database, subject, job_id, paging, with_skipped=with_skipped))
