"""The audit trail of what a tenant's directory does."""

from collections.abc import Mapping
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends
from sqlalchemy.ext.asyncio import AsyncSession

from accunode_auth.scim.permissions import CallingDirectory
from accunode_common import audit
from accunode_common.http.dependencies import construct
from accunode_common.http.trail import RequestOrigin


class DirectoryTrail:
    """Writes audit events of a directory's request to its tenant's trail: no person did it, but a token."""

    def __init__(self, directory: CallingDirectory, origin: RequestOrigin) -> None:
        self._directory = directory
        self._origin = origin

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
        """Add one event, in the session's transaction.

        Raises:
            ValueError: It is to be in the trail of another tenant.
        """
        if tenant_id not in (None, self._directory.tenant_id):
            raise ValueError("a directory changes its own tenant only")
        entry = self._origin.entry(
            action,
            resource_type,
            resource_id,
            tenant_id=self._directory.tenant_id,
            details={**(details or {}), "scim_token_id": str(self._directory.token_id)},
        )
        await audit.record(session, entry)


DirectoryAudit = Annotated[DirectoryTrail, Depends(construct(DirectoryTrail))]
