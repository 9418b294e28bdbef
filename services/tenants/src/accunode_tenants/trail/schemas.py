"""The audit trail, as clients see it."""

from datetime import datetime
from typing import Any, Self
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, model_validator

from accunode_common.audit_chain import Fault
from accunode_common.schemas import ResponseModel, UtcTime


class AuditFilters(BaseModel):
    """Which events; those left out leave everything in."""

    model_config = ConfigDict(frozen=True)

    tenant_id: UUID | None = Field(default=None, description="Of this tenant; only the platform sees several.")
    actor_id: UUID | None = Field(default=None, description="By this person.")
    action: str | None = Field(default=None, max_length=100, description="Exactly this, such as `member.remove`.")
    resource_type: str | None = Field(default=None, max_length=100, description="On resources of this type.")
    resource_id: str | None = Field(default=None, max_length=100, description="On this resource.")
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

    id: UUID = Field(description="Rises with time.")
    tenant_id: UUID = Field(description="The tenant whose trail it is in.")
    occurred_at: UtcTime = Field(description="When it was done.")
    actor_id: UUID | None = Field(description="Who did it; null where nobody was signed in.")
    actor_role: str | None = Field(description="The role they acted in.", examples=["org_admin"])
    organization_id: UUID | None = Field(description="The organization they acted in; null outside of one.")
    action: str = Field(description="What was done, as `resource.verb`.", examples=["member.remove"])
    resource_type: str = Field(description="What it was done to.", examples=["user"])
    resource_id: str | None = Field(
        description="Which one, if there is one.", examples=["0192d6d4-0000-7000-8000-0000a47dd2c1"]
    )
    request_id: str | None = Field(
        description="The id under which the log has the request; null for what workers do.",
        examples=["0192d6d4-0000-7000-8000-0000b2f1c0aa"],
    )
    ip_address: str | None = Field(description="Where the request came from, if known.", examples=["192.0.2.17"])
    details: dict[str, Any] = Field(
        description="What else there is to know; its names depend on `action`.", examples=[{"role": "org_member"}]
    )


class BreakOut(ResponseModel):
    """The first link that does not follow from the one before."""

    sequence: int = Field(description="Its place in the chain, from 1.", examples=[1043])
    event_id: UUID = Field(description="The event that it covers.")
    fault: Fault = Field(description="How the link is broken.")


class VerificationOut(ResponseModel):
    """What recomputing a tenant's hash chain showed."""

    tenant_id: UUID = Field(description="The tenant whose trail it is.")
    intact: bool = Field(description="Whether every link holds.")
    sealed: int = Field(description="Links that hold, from the first on.", examples=[1042])
    unsealed: int = Field(description="Events that the chain does not cover yet.", examples=[3])
    head: str = Field(
        description="The hash of the last link that holds, in hexadecimal; note it down to notice a shortened chain.",
        examples=["9f2c41d07b6ae5538c1f0d94e7a2b36815cc7d0e4f98a1b2635e70d8c94fb126"],
    )
    broken: BreakOut | None = Field(description="The first link that does not hold; null if all do.", examples=[None])
    verified_at: datetime = Field(description="When it was recomputed.")
