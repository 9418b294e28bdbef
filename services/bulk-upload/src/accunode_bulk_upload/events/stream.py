"""Follow a job: an event for each change, and one for its end, and a comment when nothing was said for a while.

Between looks no connection and no transaction is held. A stream ends with its job, with the caller's session, or after
a while, when the client comes again with `Last-Event-ID` and misses nothing: each event is the whole state.
"""

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from uuid import UUID

from fastapi.sse import ServerSentEvent

from accunode_bulk_upload.uploads import service
from accunode_bulk_upload.uploads.schemas import bulk_upload
from accunode_common.auth.revocation import Revocations
from accunode_common.auth.tokens import AccessToken
from accunode_common.db.session import Database
from accunode_credit.models.bulk import FINAL_STATES, Job

LONGEST_SECONDS = 900.0
RECONNECT_MILLISECONDS = 1000


@dataclass(frozen=True, slots=True)
class JobFollower:
    """What following a job needs: the database, the caller's token and its revocation, how often to look and speak."""

    database: Database
    token: AccessToken
    revocations: Revocations
    poll_seconds: float
    silence_seconds: float
    job_id: UUID

    async def require(self) -> None:
        """Refuse a caller who does not see the job.

        Raises:
            NotFoundError: There is none, or the caller may not see it.
        """
        subject = self.token.subject
        async with self.database.transaction(subject.access) as session:
            await service.get(session, subject, self.job_id)

    async def events(self, last_seen: int | None) -> AsyncIterator[ServerSentEvent]:
        """The events of the job as they happen; `last_seen` is the version that the client knows."""
        yield ServerSentEvent(retry=RECONNECT_MILLISECONDS)
        begun = spoken = time.monotonic()
        while time.monotonic() - begun < LONGEST_SECONDS and not await self.revocations.revoked(self.token):
            job = await self._look()
            if job is None:
                yield ServerSentEvent(event="gone", data={})
                return
            final = job.state in FINAL_STATES
            if job.version != last_seen or final:
                last_seen, spoken = job.version, time.monotonic()
                yield ServerSentEvent(id=str(job.version), event="end" if final else "progress", data=bulk_upload(job))
            if final:
                return
            if time.monotonic() - spoken >= self.silence_seconds:
                spoken = time.monotonic()
                yield ServerSentEvent(comment="nothing new")
            await asyncio.sleep(self.poll_seconds)

    async def _look(self) -> Job | None:
        subject = self.token.subject
        async with self.database.transaction(subject.access) as session:
            return await service.find(session, subject, self.job_id)
