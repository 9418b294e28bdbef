"""The audit trail, as clients see it."""

from datetime import datetime
from typing import Any, Self
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, model_validator

from accunode_common.audit_chain import Fault
from accunode_common.http.schemas import ResponseModel, UtcTime


class AuditFilters(BaseModel):
    """Which events; those left out leave everything in."""

    model_config = ConfigDict(frozen=True)

    tenant_id: UUID | None = Field(default=None, description="Of this tenant; only the platform sees several.")
    actor_id: UUID | None = Field(default=None, description="By this person.")
    action: str | None = Field(default=None, max_length=100, description="Exactly this, such as `member.remove`.")
    resource_type: str | None = Field(default=None, max_length=100)
    resource_id: str | None = Field(default=None, max_length=100)
    organization_id: UUID | None = Field(default=None, description="By somebody acting in this organization.")
    since: AwareDatetime | None = Field(default=None, description="Not earlier.")
    until: AwareDatetime | None = Field(default=None, description="Earlier.")

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.since is not None and self.until is not None and self.since >= self.until:
            raise ValueError("`since` must be earlier than `until`.")
        return self


class AuditEventOut(ResponseModel):
    """Who did what to which resource, and when."""

    id: UUID
    tenant_id: UUID
    occurred_at: UtcTime
    actor_id: UUID | None
    actor_role: str | None
    organization_id: UUID | None
    action: str
    resource_type: str
    resource_id: str | None
    request_id: str | None
    ip_address: str | None
    details: dict[str, Any]


class BreakOut(ResponseModel):
    """The first link that does not follow from the one before."""

    sequence: int
    event_id: UUID
    fault: Fault


class VerificationOut(ResponseModel):
    """What recomputing a tenant's hash chain showed."""

    tenant_id: UUID
    intact: bool
    sealed: int = Field(description="Links that hold, from the first on.")
    unsealed: int = Field(description="Events that the chain does not cover yet.")
    head: str = Field(description="The hash of the last link that holds; note it down to notice a shortened chain.")
    broken: BreakOut | None
    verified_at: datetime
