"""Audit events of a request: the caller, the request's id and address are filled in."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Request
from sqlalchemy.ext.asyncio import AsyncSession

from accunode_common import audit
from accunode_common.audit import AuditEntry
from accunode_common.auth.subject import Subject
from accunode_common.http import idempotency
from accunode_common.http.callers import authenticated
from accunode_common.http.context import request_info
from accunode_common.http.dependencies import construct

_LONGEST_USER_AGENT = 300


def client_address(request: Request) -> str | None:
    """The caller's IP address; None where the server does not know one, as over a Unix socket."""
    return request.client.host if request.client else None


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a request came from.

    Attributes:
        request_id: The request's id.
        address: The client's IP address.
        user_agent: What the client says it is.
    """

    request_id: str
    address: str | None
    user_agent: str

    def entry(
        self,
        action: str,
        resource_type: str,
        resource_id: UUID | str | None,
        *,
        tenant_id: UUID,
        actor_id: UUID | None = None,
        actor_role: str | None = None,
        organization_id: UUID | None = None,
        details: Mapping[str, Any] | None = None,
    ) -> AuditEntry:
        """An audit event of the request; by nobody who is known, unless there is an actor."""
        return AuditEntry(
            tenant_id=tenant_id,
            action=action,
            resource_type=resource_type,
            resource_id=resource_id,
            actor_id=actor_id,
            actor_role=actor_role,
            organization_id=organization_id,
            request_id=self.request_id,
            ip_address=self.address,
            details=details,
        )


async def _origin(request: Request) -> Origin:
    agent = request.headers.get("user-agent", "")
    printable = "".join(character for character in agent if character.isprintable())
    return Origin(request_info(request).request_id, client_address(request), printable[:_LONGEST_USER_AGENT])


RequestOrigin = Annotated[Origin, Depends(_origin)]


class Trail:
    """Writes audit events for the request's caller."""

    def __init__(
        self, request: Request, origin: RequestOrigin, subject: Annotated[Subject, Depends(authenticated)]
    ) -> None:
        self._request = request
        self.subject: Subject = subject
        self.origin: Origin = origin
        self.request_id = origin.request_id

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
        entry = self.origin.entry(
            action,
            resource_type,
            resource_id,
            tenant_id=tenant_id or self.subject.tenant_id,
            actor_id=self.subject.user_id,
            actor_role=self.subject.role,
            organization_id=self.subject.organization_id,
            details=details,
        )
        await self.write(session, entry)

    async def write(self, session: AsyncSession, entry: AuditEntry) -> None:
        """Add `entry` to the trails that it belongs to."""
        await audit.record(session, entry)


AuditTrail = Annotated[Trail, Depends(construct(Trail))]
