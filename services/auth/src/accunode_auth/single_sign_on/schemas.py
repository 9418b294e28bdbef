"""Single sign-on, as clients see it."""

from typing import Annotated
from uuid import UUID

from pydantic import Field

from accunode_auth.sign_in.schemas import ShownDevice
from accunode_common.schemas import CreatedAt, InputModel, ResponseModel, TenantId, UtcTime

StateToken = Annotated[str, Field(examples=["pX3vT9kQmZ7wL1yN5rB8sD2fHc4gJ6eU0aVtYiOqWxM"])]
Code = Annotated[str, Field(examples=["Zq8nB4xK1mV7tR3yW9pL5sD0gH2jF6cEaUoXiNkTbMw"])]


class Started(ResponseModel):
    """Where the person signs in."""

    authorization_url: str = Field(
        description="Open it in the person's browser.",
        examples=["https://login.first-national.example/authorize?response_type=code&client_id=accunode"],
    )
    state_token: StateToken = Field(description="For POST /auth/sso/token; only its holder ends what it began.")
    expires_in: int = Field(description="Seconds until it is too late.", examples=[600])


class Finished(ResponseModel):
    """The provider vouched for the person."""

    code: Code = Field(description="For POST /auth/sso/token, once.")
    expires_in: int = Field(description="Seconds until it is void.", examples=[60])


class TokenIn(InputModel):
    """What the callback gave."""

    code: Code = Field(min_length=20, max_length=200, description="From the callback's reply or the redirect's query.")
    state_token: StateToken | None = Field(
        default=None, min_length=20, max_length=200, description="From the start; browsers have a cookie instead."
    )
    device_token: ShownDevice = None


class LinkIn(InputModel):
    """What the callback gave."""

    code: Code = Field(min_length=20, max_length=200, description="From the callback's reply.")
    state_token: StateToken = Field(
        min_length=20, max_length=200, description="From the reply to POST /auth/sso/links."
    )


class IdentityOut(ResponseModel):
    """Who the caller is to a tenant's provider."""

    id: UUID = Field(description="For DELETE /auth/sso/identities/{identity_id}.")
    tenant_id: TenantId
    issuer: str = Field(description="The provider.", examples=["https://login.first-national.example/realms/bank"])
    created_at: CreatedAt
    last_used_at: UtcTime | None = Field(description="When it was last used to sign in; null for never.")


class SignedOut(ResponseModel):
    """The session has ended here."""

    end_session_url: str | None = Field(
        description="Open it in the person's browser to sign out at the provider too; null where that cannot be done.",
        examples=["https://login.first-national.example/logout?client_id=accunode"],
    )
