"""The trail of what people do with their own credentials: all their tenants are told."""

from typing import Annotated

from fastapi import Depends
from sqlalchemy.ext.asyncio import AsyncSession

from accunode_auth.memberships import service as memberships
from accunode_common.audit import AuditEntry
from accunode_common.http.dependencies import construct
from accunode_common.http.trail import Trail


class PersonTrail(Trail):
    """Writes events about the request's caller to the trails of all the caller's tenants."""

    async def write(self, session: AsyncSession, entry: AuditEntry) -> None:
        """Add `entry` to the trails of the caller's tenants."""
        await memberships.record_for_tenants(session, self.subject.user_id, entry)


OwnTrail = Annotated[PersonTrail, Depends(construct(PersonTrail))]
