"""Follows a job: each change an event, a comment now and then, and an end.

Between looks no connection and no transaction is held. A stream ends with its job, with the caller's session, or after
a while, when the client comes again with `Last-Event-ID` and misses nothing: each event is the whole state.
"""

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from uuid import UUID

from accunode_bulk_upload.events.limits import StreamLimits
from accunode_bulk_upload.uploads import service
from accunode_bulk_upload.uploads.schemas import bulk_upload
from accunode_common.auth.revocation import Revocations
from accunode_common.auth.tokens import AccessToken
from accunode_common.db.session import Database
from accunode_credit.models.bulk import FINAL_STATES, Job

COMMENT_SECONDS = 10.0
LONGEST_SECONDS = 900.0
RECONNECT_MILLISECONDS = 1000


@dataclass(frozen=True, slots=True)
class JobFollower:
    """What following needs: the database, the caller's token and whether it is revoked, how often to look, and the
    count of open streams."""

    database: Database
    token: AccessToken
    revocations: Revocations
    poll_seconds: float
    limits: StreamLimits

    async def events(self, job_id: UUID, last_seen: int | None) -> AsyncIterator[bytes]:
        """The events of a job as they happen, in the text format of server-sent events."""
        with self.limits.opened(self.token.subject.user_id):
            yield f"retry: {RECONNECT_MILLISECONDS}\n\n".encode()
            begun = told = time.monotonic()
            while time.monotonic() - begun < LONGEST_SECONDS and not await self.revocations.revoked(self.token):
                job = await self._look(job_id)
                if job is None:
                    yield b"event: gone\ndata: {}\n\n"
                    return
                final = job.state in FINAL_STATES
                if job.version != last_seen or final:
                    last_seen, told = job.version, time.monotonic()
                    yield _event("end" if final else "progress", job)
                if final:
                    return
                if time.monotonic() - told >= COMMENT_SECONDS:
                    told = time.monotonic()
                    yield b": still here\n\n"
                await asyncio.sleep(self.poll_seconds)

    async def _look(self, job_id: UUID) -> Job | None:
        subject = self.token.subject
        async with self.database.transaction(subject.access) as session:
            return await service.find(session, subject, job_id)


def _event(name: str, job: Job) -> bytes:
    return f"id: {job.version}\nevent: {name}\ndata: {bulk_upload(job).model_dump_json()}\n\n".encode()
