"""Organizations, as clients see them."""

from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, Field, StringConstraints

from accunode_common.names import clean_name
from accunode_common.schemas import CreatedAt, InputModel, ResponseModel, TenantId, UpdatedAt, UtcTime
from accunode_tenants.partial_update import Change

OrganizationName = Annotated[
    str, Field(description="What it is called, unique in the tenant.", examples=["Corporate credit"])
]
Name = Annotated[OrganizationName, StringConstraints(min_length=1, max_length=200), AfterValidator(clean_name)]
Seats = Annotated[int, Field(ge=1, le=100_000, description="How many members it can have.", examples=[25])]


class OrganizationIn(InputModel):
    """A new organization."""

    name: Name
    max_users: Seats | None = Field(default=None, description="The tenant's default if left out.")
    tenant_id: UUID | None = Field(default=None, description="For the platform, which must say; else the caller's.")


class OrganizationChange(Change):
    """Changes to an organization."""

    name: Name | None = None
    max_users: Seats | None = Field(default=None, description="Only the tenant's administrators change it.")


class OrganizationOut(ResponseModel):
    """An organization."""

    id: UUID = Field(description="The `organization_id` of what it owns.")
    tenant_id: TenantId
    name: OrganizationName
    max_users: int = Field(description="How many members it can have.", examples=[25])
    members: int = Field(description="How many it has.", examples=[12])
    global_data_access: bool = Field(description="Whether its members see the system's records.")
    join_token_created_at: UtcTime | None = Field(description="When the present join token was made, if there is one.")
    created_at: CreatedAt
    updated_at: UpdatedAt
