"""Audit events of a request: the caller, the request's id and address are filled in."""

from collections.abc import Mapping
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Request
from sqlalchemy.ext.asyncio import AsyncSession

from accunode_common import audit
from accunode_common.auth.dependencies import authenticated
from accunode_common.auth.subject import Subject
from accunode_common.http import idempotency
from accunode_common.http.context import request_info


def client_address(request: Request) -> str | None:
    """The caller's IP address; None where the server does not know one, as over a Unix socket."""
    return request.client.host if request.client else None


class Trail:
    """Writes audit events for the request's caller."""

    def __init__(self, request: Request, subject: Annotated[Subject, Depends(authenticated)]) -> None:
        self._request = request
        self.subject: Subject = subject
        self.request_id = request_info(request).request_id
        self.address = client_address(request)

    async def record(
        self,
        session: AsyncSession,
        action: str,
        resource_type: str,
        resource_id: UUID | str | None = None,
        *,
        details: Mapping[str, Any] | None = None,
        tenant_id: UUID | None = None,
    ) -> None:
        """Add one event to the trail of `tenant_id`, or else of the caller's tenant, in the session's transaction."""
        idempotency.show_record(self._request, resource_type, resource_id)
        entry = audit.AuditEntry(
            tenant_id=tenant_id or self.subject.tenant_id,
            action=action,
            resource_type=resource_type,
            resource_id=resource_id,
            actor_id=self.subject.user_id,
            actor_role=self.subject.role,
            organization_id=self.subject.organization_id,
            request_id=self.request_id,
            ip_address=self.address,
            details=details,
        )
        await self.write(session, entry)

    async def write(self, session: AsyncSession, entry: audit.AuditEntry) -> None:
        """Add `entry` to the trails that it belongs to."""
        await audit.record(session, entry)


AuditTrail = Annotated[Trail, Depends(Trail)]
