"""Sessions and tokens, as clients see them."""

from typing import Literal, Self
from uuid import UUID

from pydantic import Field, IPvAnyAddress

from accunode_auth.sessions.service import Tokens
from accunode_common.auth.roles import Role
from accunode_common.http.schemas import InputModel, ResponseModel, UtcTime


class WorkplaceOut(ResponseModel):
    """A membership."""

    membership_id: UUID
    tenant_id: UUID
    tenant_name: str
    organization_id: UUID | None
    organization_name: str | None
    role: Role


class TokenPair(ResponseModel):
    """What a signed-in client holds."""

    access_token: str = Field(description="Send it as `Authorization: Bearer`.")
    token_type: Literal["Bearer"]
    expires_in: int = Field(description="Seconds that the access token lives.")
    refresh_token: str = Field(description="Good once, at POST /auth/refresh.")
    refresh_expires_at: UtcTime = Field(description="When the session ends, refreshed or not.")
    session_id: UUID
    membership: WorkplaceOut = Field(description="What the access token is for; POST /auth/switch changes it.")

    @classmethod
    def of(cls, tokens: Tokens) -> Self:
        """The tokens as the client gets them."""
        return cls(
            access_token=tokens.access_token,
            token_type="Bearer",  # noqa: S106 - a scheme
            expires_in=tokens.expires_in,
            refresh_token=tokens.refresh_token,
            refresh_expires_at=tokens.expires_at,
            session_id=tokens.subject.session_id,
            membership=WorkplaceOut.model_validate(tokens.workplace),
        )


class RefreshIn(InputModel):
    """A refresh token."""

    refresh_token: str = Field(min_length=20, max_length=300)


class SwitchIn(InputModel):
    """One of the caller's memberships."""

    membership_id: UUID


class SessionOut(ResponseModel):
    """A signed-in device."""

    id: UUID
    current: bool
    user_agent: str
    ip_address: IPvAnyAddress | None
    created_at: UtcTime
    last_seen_at: UtcTime
    expires_at: UtcTime
