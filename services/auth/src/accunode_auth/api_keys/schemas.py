"""API keys, as clients see them."""

from typing import Annotated
from uuid import UUID

from pydantic import Field, StringConstraints

from accunode_auth.sessions.schemas import AccessToken, SecondsLeft, TokenType
from accunode_common.auth.roles import Permission
from accunode_common.schemas import CreatedAt, InputModel, OrganizationId, ResponseModel, TenantId, UtcTime

KeyName = Annotated[str, Field(description="What its owner calls it.", examples=["Nightly export"])]
Secret = Annotated[str, Field(examples=["ak_7cXq1Zt9LmW4vB2nRk8sPd6GhJy3EuTf"])]


class ApiKeyIn(InputModel):
    """A new key."""

    name: Annotated[KeyName, StringConstraints(min_length=1, max_length=100, pattern=r"^[^\x00-\x1f\x7f]+$")]
    scopes: Annotated[
        list[Permission],
        Field(
            min_length=1,
            max_length=len(Permission),
            description="What the key may do, out of what the caller may: of records, models, uploads, jobs, scaling"
            " and the audit trail. Scopes of people, organizations and tenants are refused.",
            examples=[["company:read", "prediction:read"]],
        ),
    ]
    expires_in_days: Annotated[int, Field(ge=1, le=365, description="Days until the key ends.")] = 90


class ApiKeyOut(ResponseModel):
    """A key without its secret."""

    id: UUID = Field(description="For DELETE /auth/api-keys/{key_id}.")
    name: KeyName
    scopes: list[Permission] = Field(description="What the key may do.", examples=[["company:read", "prediction:read"]])
    tenant_id: TenantId
    organization_id: OrganizationId
    expires_at: UtcTime = Field(description="When the key ends.", examples=["2026-06-29T09:30:00Z"])
    last_used_at: UtcTime | None = Field(description="When it was last exchanged for a token; null for never.")
    created_at: CreatedAt


class NewApiKey(ResponseModel):
    """A key that was made just now."""

    api_key: ApiKeyOut = Field(description="The key without its secret.")
    secret: Secret = Field(description="Shown this once; for POST /auth/api-keys/token.")


class ApiKeySecret(InputModel):
    """A key's secret."""

    api_key: Secret = Field(min_length=20, max_length=300, description="The secret that was shown when it was made.")


class MachineToken(ResponseModel):
    """What a machine holds for a while."""

    access_token: AccessToken
    token_type: TokenType
    expires_in: SecondsLeft
    scopes: list[Permission] = Field(
        description="What it allows: the key's scopes that its owner still has.",
        examples=[["company:read", "prediction:read"]],
    )
