"""The course of a job as server-sent events."""

from typing import Annotated

from fastapi import Header, Request
from fastapi.responses import StreamingResponse

from accunode_bulk_upload.events.stream import JobFollower
from accunode_bulk_upload.holdings import AppHoldings
from accunode_bulk_upload.uploads import service
from accunode_bulk_upload.uploads.permissions import UploadReader
from accunode_bulk_upload.uploads.schemas import UploadPath
from accunode_common.auth.dependencies import CurrentToken
from accunode_common.http.app import api_router
from accunode_common.http.resources import resources
from accunode_common.http.session import SubjectSession

router = api_router("/bulk-uploads", tag="bulk uploads")


@router.get(
    "/{job_id}/events",
    summary="Follow an upload",
    response_class=StreamingResponse,
    responses={
        200: {
            "description": "`progress` events with the upload as JSON whenever it changes, then one `end` event.",
            "content": {"text/event-stream": {"schema": {"type": "string"}}},
        }
    },
)
async def follow_bulk_upload(
    job_id: UploadPath,
    request: Request,
    subject: UploadReader,
    token: CurrentToken,
    session: SubjectSession,
    held: AppHoldings,
    last_event_id: Annotated[
        str | None, Header(max_length=50, description="The last event that the client has seen.")
    ] = None,
) -> StreamingResponse:
    """Streams the upload's state until its end, or the session's.

    A client that lost the stream comes again with `Last-Event-ID`.
    """
    await service.get(session, subject, job_id)
    held.streams.check(subject.user_id)
    app = resources(request)
    follower = JobFollower(app.database, token, app.revocations, held.settings.event_poll_seconds, held.streams)
    last_seen = int(last_event_id) if last_event_id and last_event_id.isdecimal() else None
    return StreamingResponse(
        follower.events(job_id, last_seen),
        media_type="text/event-stream",
        # Proxies must pass events on as they come.
        headers={"X-Accel-Buffering": "no", "Cache-Control": "no-store"},
    )
