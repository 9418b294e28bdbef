"""Provisioning tokens, as clients see them."""

from typing import Annotated
from uuid import UUID

from pydantic import Field, StringConstraints

from accunode_common.schemas import CreatedAt, CreatedBy, InputModel, ResponseModel, TenantId, UtcTime

TokenName = Annotated[str, Field(description="What administrators call it.", examples=["Directory"])]
DefaultOrganization = Annotated[
    UUID, Field(description="The tenant's organization that new people come into, as org_member.")
]


class ScimTokenIn(InputModel):
    """A new token."""

    name: Annotated[TokenName, StringConstraints(min_length=1, max_length=100, pattern=r"^[^\x00-\x1f\x7f]+$")]
    organization_id: DefaultOrganization
    expires_in_days: Annotated[int, Field(ge=1, le=365, description="Days until the token ends.")] = 365


class ScimTokenOut(ResponseModel):
    """A token without its secret."""

    id: UUID = Field(description="For DELETE /auth/scim-tokens/{token_id}.")
    name: TokenName
    tenant_id: TenantId
    organization_id: DefaultOrganization
    created_by: CreatedBy
    created_at: CreatedAt
    expires_at: UtcTime = Field(description="When the token ends.", examples=["2027-01-12T08:15:00Z"])
    last_used_at: UtcTime | None = Field(description="When it was last used, to five minutes; null for never.")


class NewScimToken(ResponseModel):
    """A token that was made just now."""

    scim_token: ScimTokenOut = Field(description="The token without its secret.")
    secret: str = Field(
        description="The bearer token of the directory; shown this once.",
        examples=["sc_7cXq1Zt9LmW4vB2nRk8sPd6GhJy3EuTf"],
    )
    base_url: str = Field(
        description="Where the directory sends its requests.", examples=["https://accunode.example/api/v1/scim/v2"]
    )
