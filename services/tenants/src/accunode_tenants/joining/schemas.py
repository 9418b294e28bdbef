"""Joining, as clients see it."""

from uuid import UUID

from pydantic import Field

from accunode_common.http.schemas import InputModel, ResponseModel, UtcTime
from accunode_common.models.identity import RoleName


class JoinTokenOut(ResponseModel):
    """A join token, shown this once."""

    join_token: str
    created_at: UtcTime


class JoinIn(InputModel):
    """A join token."""

    token: str = Field(min_length=1, max_length=300)


class JoinedOut(ResponseModel):
    """The new membership; POST /auth/switch with its id begins to use it."""

    membership_id: UUID
    tenant_id: UUID
    organization_id: UUID
    organization_name: str
    role: RoleName
