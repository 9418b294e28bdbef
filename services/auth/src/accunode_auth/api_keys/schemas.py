"""API keys, as clients see them."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field, StringConstraints

from accunode_common.auth.roles import Permission
from accunode_common.http.schemas import InputModel, ResponseModel, UtcTime


class ApiKeyIn(InputModel):
    """A new key."""

    name: Annotated[str, StringConstraints(min_length=1, max_length=100, pattern=r"^[^\x00-\x1f\x7f]+$")]
    scopes: Annotated[
        list[Permission], Field(min_length=1, max_length=len(Permission), description="What the key may do.")
    ]
    expires_in_days: Annotated[int, Field(ge=1, le=365)] = 90


class ApiKeyOut(ResponseModel):
    """A key without its secret."""

    id: UUID
    name: str
    scopes: list[Permission]
    tenant_id: UUID
    organization_id: UUID | None
    expires_at: UtcTime
    last_used_at: UtcTime | None
    created_at: UtcTime


class NewApiKey(ResponseModel):
    """A key that was made just now."""

    api_key: ApiKeyOut
    secret: str = Field(description="Shown this once; for POST /auth/api-keys/token.")


class ApiKeySecret(InputModel):
    """A key's secret."""

    api_key: str = Field(min_length=20, max_length=300)


class MachineToken(ResponseModel):
    """What a machine holds for a while."""

    access_token: str = Field(description="Send it as `Authorization: Bearer`.")
    token_type: Literal["Bearer"]
    expires_in: int = Field(description="Seconds that the access token lives.")
    scopes: list[Permission]
