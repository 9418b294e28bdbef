"""Takes an upload in: the file goes straight to storage while it arrives, then its fields are judged.

It happens after the caller is known and before a transaction is opened, so that nobody unknown is listened to and no
connection waits for a slow sender.
"""

import asyncio
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Request
from pydantic import ValidationError

from accunode_bulk_upload.resources import AppResources, Resources
from accunode_bulk_upload.uploads.multipart import MultipartReader
from accunode_bulk_upload.uploads.permissions import UploadWriter
from accunode_bulk_upload.uploads.schemas import UploadFields
from accunode_common.errors import FieldError, InsufficientStorageError, PayloadTooLargeError, UnprocessableInputError
from accunode_common.http import idempotency
from accunode_common.http.faults import field_errors, refusal
from accunode_common.http.slots import Slot, Slots
from accunode_common.ids import new_id
from accunode_common.storage.base import ObjectTooLargeError, StorageFullError, StoredObject, job_prefix

FILE_FIELD = "file"
LONGEST_FIELD = 1000

_HELD_SECONDS = 60
"""Longer than a sender may be silent."""

_PATH = re.compile(r".*[/\\]")


@dataclass(slots=True)
class Upload:
    """A stored file and what is to be done with it; it is deleted after the request unless a job has claimed it."""

    job_id: UUID
    file_name: str
    stored: StoredObject
    fields: UploadFields
    claimed: bool = False


async def _receive(request: Request, subject: UploadWriter, app: AppResources) -> AsyncIterator[Upload]:
    """Store the file of a multipart body; without a job that claims it, the file is deleted again.

    Raises:
        UnprocessableInputError: A field is missing or wrong, or the file is empty.
        PayloadTooLargeError: The file is larger than allowed.
        BadRequestError: The body cannot be read.
        UnsupportedMediaTypeError: The body is no form.
        RateLimitedError: The caller sends as many uploads already as one may at once.
    """
    most = app.settings.uploads.per_person
    slots = Slots("uploads", most, _HELD_SECONDS, f"You have {most} uploads under way; send this when one has arrived.")
    job_id = new_id()
    prefix = job_prefix(subject.tenant_id, job_id)
    kept = False
    try:
        async with slots.hold(app.redis, str(subject.user_id)) as slot:
            upload = await _read_form(request, slot, app, job_id, f"{prefix}/upload")
        idempotency.describe_body(request, f"{upload.stored.sha256} {upload.file_name} {upload.fields!r}")
        yield upload
        kept = upload.claimed
    finally:
        if not kept:
            await asyncio.to_thread(app.storage.delete_prefix, prefix)


async def _arriving(request: Request, slot: Slot) -> AsyncIterator[bytes]:
    async for chunk in request.stream():
        await slot.keep()
        yield chunk


async def _read_form(request: Request, slot: Slot, app: Resources, job_id: UUID, key: str) -> Upload:
    reader = MultipartReader(request.headers, _arriving(request, slot))
    values: dict[str, Any] = {}
    stored: StoredObject | None = None
    file_name = ""
    while (part := await reader.next_part()) is not None:
        if part.name != FILE_FIELD:
            values[part.name] = await reader.text(LONGEST_FIELD)
            continue
        if stored is not None:
            raise _fault(FILE_FIELD, "repeated", "Send one file.")
        file_name = _PATH.sub("", part.file_name or "")[:255] or "upload"
        try:
            stored = await app.storage.put_stream(key, reader.chunks(), max_bytes=app.settings.uploads.max_bytes)
        except ObjectTooLargeError as error:
            raise PayloadTooLargeError(f"The file may have at most {error.max_bytes:,} bytes.") from None
        except StorageFullError:
            raise InsufficientStorageError(
                "There is no room for the file: delete uploads that are no longer needed, or ask the administrator to"
                " free space, and send it again."
            ) from None
    if stored is None:
        raise _fault(FILE_FIELD, "missing", "Send the file in the field `file`.")
    if stored.size == 0:
        raise _fault(FILE_FIELD, "empty_file", "The file is empty; send one with a header and rows.")
    return Upload(job_id, file_name, stored, _judged(values))


def _judged(values: dict[str, Any]) -> UploadFields:
    try:
        return UploadFields.model_validate(values)
    except ValidationError as error:
        found = [{**fault, "loc": ("body", *fault["loc"])} for fault in error.errors()]
        raise refusal(field_errors(found, UploadFields), of="form") from None


def _fault(field: str, code: str, message: str) -> UnprocessableInputError:
    return UnprocessableInputError(message, errors=[FieldError(f"/body/{field}", code, message)])


ReceivedUpload = Annotated[Upload, Depends(_receive, scope="function")]
"""The request's upload. Name it before the session: then it is received before a transaction begins."""

REQUEST_BODY: dict[str, Any] = {
    "required": True,
    "content": {
        "multipart/form-data": {
            "schema": {
                "type": "object",
                "required": [FILE_FIELD, "kind"],
                "additionalProperties": False,
                "properties": {
                    FILE_FIELD: {
                        "type": "string",
                        "format": "binary",
                        "description": "CSV, XLSX or Parquet with a header; see the templates.",
                        "examples": ["company_name,fiscal_year,net_income_margin\nNorthwind Energy Corp,2024,4.1\n"],
                    },
                    **UploadFields.model_json_schema(ref_template="#/components/schemas/{model}")["properties"],
                },
            }
        }
    },
}
"""The OpenAPI description of what is received: the form is read as a stream, so FastAPI does not know it."""
