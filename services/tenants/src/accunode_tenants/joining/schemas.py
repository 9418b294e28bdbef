"""Joining, as clients see it."""

from typing import Annotated
from uuid import UUID

from pydantic import Field

from accunode_common.models.identity import RoleName
from accunode_common.schemas import CreatedAt, InputModel, ResponseModel

JoinToken = Annotated[str, Field(examples=["anjoin_AZLW1AAAcACAAAAAkDMhKgGS1tQAAHAAgAAAADLIo95vX3k"])]


class JoinTokenOut(ResponseModel):
    """A join token, shown this once."""

    join_token: JoinToken = Field(description="For the members to be; it stays good until the next one is made.")
    created_at: CreatedAt


class JoinIn(InputModel):
    """A join token."""

    token: JoinToken = Field(min_length=1, max_length=300, description="From an administrator of the organization.")


class JoinedOut(ResponseModel):
    """The new membership; POST /auth/switch with its id begins to use it."""

    membership_id: UUID = Field(description="For POST /auth/switch.")
    tenant_id: UUID = Field(description="The organization's tenant.")
    organization_id: UUID = Field(description="The organization that was joined.")
    organization_name: str = Field(description="What it is called.", examples=["Corporate credit"])
    role: RoleName = Field(description="What the new member may do there.", examples=["org_member"])
