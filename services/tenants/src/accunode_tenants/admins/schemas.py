"""Tenant administrators, as clients see them."""

from uuid import UUID

from pydantic import Field

from accunode_common.auth.password_policy import NewPassword
from accunode_common.emails import EmailAddress
from accunode_common.http.schemas import InputModel, ResponseModel, UtcTime
from accunode_common.models.identity import UserStatus
from accunode_tenants.people.schemas import FullName


class AdminIn(InputModel):
    """Who becomes an administrator: somebody with an account, or somebody new with a name and a first password."""

    email: EmailAddress
    full_name: FullName | None = Field(default=None, description="Needed for a new account, refused for a known one.")
    password: NewPassword | None = Field(default=None, description="Needed for a new account, refused for a known one.")


class AdminOut(ResponseModel):
    """An administrator of a tenant."""

    user_id: UUID
    email: str
    full_name: str
    status: UserStatus
    since: UtcTime
    last_sign_in_at: UtcTime | None
