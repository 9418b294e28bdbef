"""Sessions and tokens, as clients see them."""

from datetime import datetime
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import Field, IPvAnyAddress

from accunode_auth.sessions.service import Tokens
from accunode_common.auth.roles import Role
from accunode_common.models.identity import AuthenticationMethod
from accunode_common.schemas import InputModel, OrganizationId, ResponseModel, TenantId, UtcTime

AccessToken = Annotated[
    str,
    Field(
        description="Send it as `Authorization: Bearer`.",
        examples=["eyJhbGciOiJFZERTQSIsImtpZCI6IjIwMjYtMDEifQ.eyJzdWIiOiIwMTkyZDZkNCJ9.c2lnbmF0dXJl"],
    ),
]
TokenType = Annotated[Literal["Bearer"], Field(description="The scheme of the `Authorization` header.")]
SecondsLeft = Annotated[int, Field(description="Seconds that the access token lives.", examples=[900])]
RefreshToken = Annotated[str, Field(examples=["rt_4mT8vQ2zLx7cNn1BpKd9sWg5HyJr3EuA"])]
DeviceToken = Annotated[str, Field(examples=["dt_8sWq1nZx5vKd0aPm7tLc3bRy9hGf2jUe"])]


class WorkplaceOut(ResponseModel):
    """A membership."""

    membership_id: UUID = Field(description="For POST /auth/switch.")
    tenant_id: TenantId
    tenant_name: str = Field(description="What the tenant is called.", examples=["First National Bank"])
    organization_id: OrganizationId
    organization_name: str | None = Field(
        description="What the organization is called; null outside of one.", examples=["Corporate credit"]
    )
    role: Role = Field(description="What the person may do there.", examples=["org_member"])


class SecondFactorDue(ResponseModel):
    """A second factor that is required and was not shown: enrol one before the grace ends."""

    required: Literal[True] = Field(description="Always true.")
    grace_ends_at: UtcTime = Field(
        description="After it, signing in goes on only by enrolling one.", examples=["2026-04-14T09:30:00Z"]
    )

    @classmethod
    def of(cls, due_at: datetime | None) -> Self | None:
        """What the client is told of the moment, if there is one."""
        return None if due_at is None else cls(required=True, grace_ends_at=due_at)


class TokenPair(ResponseModel):
    """What a signed-in client holds."""

    access_token: AccessToken
    token_type: TokenType
    expires_in: SecondsLeft
    refresh_token: RefreshToken = Field(description="Good once, at POST /auth/refresh.")
    refresh_expires_at: UtcTime = Field(
        description="When the session ends unless it is refreshed before; after its lifetime it ends in any case.",
        examples=["2026-04-30T08:05:00Z"],
    )
    session_id: UUID = Field(
        description="The sign-in that both tokens belong to, for DELETE /auth/sessions/{session_id}."
    )
    membership: WorkplaceOut = Field(description="What the access token is for; POST /auth/switch changes it.")
    second_factor: SecondFactorDue | None = Field(
        description="Says that one will be needed to work there; null where none is asked for, or one was shown."
    )
    device_token: DeviceToken | None = Field(
        description="Given once to a device that is new; keep it where scripts cannot read it, and send it when signing"
        " in. Null for a device that is known."
    )

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
            membership=WorkplaceOut.model_validate(tokens.membership),
            second_factor=SecondFactorDue.of(tokens.second_factor_due_at),
            device_token=tokens.device_token,
        )


class RefreshIn(InputModel):
    """A refresh token."""

    refresh_token: RefreshToken = Field(min_length=20, max_length=300, description="The newest of the session.")


class SwitchIn(InputModel):
    """One of the caller's memberships."""

    membership_id: UUID = Field(description="Where to work; the profile lists them.")


class SessionOut(ResponseModel):
    """A signed-in device."""

    id: UUID = Field(description="For DELETE /auth/sessions/{session_id}.")
    current: bool = Field(description="Whether this request belongs to it.")
    user_agent: str = Field(
        description="What the client called itself when it signed in.", examples=["Mozilla/5.0 (X11; Linux x86_64)"]
    )
    device: str = Field(description="The same in words.", examples=["Firefox on Linux"])
    methods: list[AuthenticationMethod] = Field(
        description="What was shown to sign in, and since then.", examples=[["otp", "pwd"]]
    )
    ip_address: IPvAnyAddress | None = Field(
        description="Where the sign-in came from; null if unknown.", examples=["192.0.2.17"]
    )
    created_at: UtcTime = Field(description="When the client signed in.", examples=["2026-03-31T08:05:00Z"])
    last_seen_at: UtcTime = Field(description="When it last got tokens.")
    expires_at: UtcTime = Field(
        description="When it ends unless it is refreshed before.", examples=["2026-04-30T08:05:00Z"]
    )
