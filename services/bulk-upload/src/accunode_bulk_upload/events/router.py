"""The course of a job as server-sent events."""

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import Depends, Header
from fastapi.sse import EventSourceResponse, ServerSentEvent

from accunode_bulk_upload.events.stream import JobFollower
from accunode_bulk_upload.resources import AppResources
from accunode_bulk_upload.uploads.permissions import UploadReader
from accunode_bulk_upload.uploads.schemas import UploadPath
from accunode_common.http.app import api_router
from accunode_common.http.callers import CurrentToken

router = api_router("/bulk-uploads", tag="bulk uploads")


async def open_stream(
    job_id: UploadPath, subject: UploadReader, token: CurrentToken, app: AppResources
) -> AsyncIterator[JobFollower]:
    """Count a stream of the caller until its reply has ended; refusals come before the reply begins.

    Raises:
        NotFoundError: There is no such job, or the caller may not see it.
        RateLimitedError, ServiceUnavailableError: Too many streams are open.
    """
    pace = (app.settings.events.poll_seconds, app.settings.events.silence_seconds)
    follower = JobFollower(app.database, token, app.revocations, *pace, job_id)
    await follower.require()
    with app.streams.opened(subject.user_id):
        yield follower


@router.get(
    "/{job_id}/events",
    summary="Follow an upload",
    response_class=EventSourceResponse,
    responses={
        200: {
            "description": "`progress` events with the upload as JSON whenever it changes, then one `end` event.",
            "content": {"text/event-stream": {"schema": {"type": "string"}}},
        }
    },
)
async def follow_bulk_upload(
    follower: Annotated[JobFollower, Depends(open_stream)],
    last_event_id: Annotated[
        str | None, Header(max_length=50, description="The last event that the client has seen.")
    ] = None,
) -> AsyncIterator[ServerSentEvent]:
    """Streams the upload's state until its end, or the session's.

    A client that lost the stream comes again with `Last-Event-ID`.
    """
    last_seen = int(last_event_id) if last_event_id and last_event_id.isdecimal() else None
    async for event in follower.events(last_seen):
        yield event
