"""Tenant administrators, as clients see them."""

from uuid import UUID

from pydantic import Field

from accunode_common.emails import EmailAddress
from accunode_common.http.schemas import InputModel, ResponseModel, UtcTime
from accunode_common.models.identity import UserStatus
from accunode_identity.password_policy import NewPassword
from accunode_tenants.people.schemas import FullName, LastSignIn, PersonName, ShownEmail


class AdminIn(InputModel):
    """Who becomes an administrator: somebody with an account, or somebody new with a name and a first password."""

    email: EmailAddress = Field(description="Of the account, or for it.")
    full_name: FullName | None = Field(default=None, description="Needed for a new account, refused for a known one.")
    password: NewPassword | None = Field(
        default=None,
        description="Needed for a new account, refused for a known one.",
        examples=["correct horse battery staple"],
    )


class AdminOut(ResponseModel):
    """An administrator of a tenant."""

    user_id: UUID = Field(description="The person, for DELETE /tenants/{tenant_id}/admins/{user_id}.")
    email: ShownEmail
    full_name: PersonName
    status: UserStatus = Field(description="Whether the person may sign in.")
    since: UtcTime = Field(description="When the person became an administrator.", examples=["2026-01-12T08:15:00Z"])
    last_sign_in_at: LastSignIn
