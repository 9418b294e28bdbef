"""People, as clients see them."""

from typing import Annotated
from uuid import UUID

from pydantic import Field

from accunode_auth.sessions.schemas import WorkplaceOut
from accunode_common.auth.roles import Permission, Role
from accunode_common.schemas import CreatedAt, InputModel, ResponseModel, UpdatedAt, UtcTime
from accunode_identity.schemas import FullName, PersonName, ShownEmail

EmailVerified = Annotated[bool, Field(description="Whether a mail to the address was answered.")]
AccountStatus = Annotated[
    str, Field(description="Whether the person may sign in: active, deactivated or anonymised.", examples=["active"])
]


class Profile(ResponseModel):
    """The caller."""

    id: UUID = Field(description="Stays when the address changes.")
    email: ShownEmail
    email_verified: EmailVerified
    full_name: PersonName
    status: AccountStatus
    role: Role = Field(description="Of the membership that the access token is for.", examples=["org_member"])
    tenant_id: UUID = Field(description="The tenant that the access token is for.")
    organization_id: UUID | None = Field(
        description="The organization that the access token is for; null outside of one."
    )
    permissions: list[Permission] = Field(
        description="What the access token allows.", examples=[["profile:manage", "company:read", "prediction:read"]]
    )
    managed_by_tenant_id: UUID | None = Field(
        description="The tenant that the caller accepted as manager of the account: its administrators may rename, "
        "lock, unlock, deactivate and delete it. Joining another tenant ends that."
    )
    memberships: list[WorkplaceOut] = Field(description="Where the person may work; POST /auth/switch moves there.")
    last_sign_in_at: UtcTime | None = Field(description="When the person last signed in; null for never.")
    created_at: CreatedAt
    updated_at: UpdatedAt


class ProfileChange(InputModel):
    """What people change about themselves."""

    full_name: FullName
