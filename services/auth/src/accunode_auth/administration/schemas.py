"""People, as their administrators see them."""

from typing import Annotated
from uuid import UUID

from pydantic import Field

from accunode_auth.registration.schemas import FullName
from accunode_common.auth.roles import Role
from accunode_common.emails import EmailAddress
from accunode_common.http.schemas import InputModel, ResponseModel, UtcTime


class MembershipOut(ResponseModel):
    """A membership in the caller's reach."""

    id: UUID
    tenant_id: UUID
    organization_id: UUID | None
    role: Role


class UserOut(ResponseModel):
    """A person in the caller's reach; of their memberships, those in the caller's reach."""

    id: UUID
    email: str
    email_verified: bool
    full_name: str
    status: str
    locked: bool
    memberships: list[MembershipOut]
    last_sign_in_at: UtcTime | None
    created_at: UtcTime
    updated_at: UtcTime


class UserIn(InputModel):
    """A new member. Without an organization: of the caller's own, or of the tenant for a tenant admin."""

    email: EmailAddress
    full_name: FullName = ""
    role: Role
    organization_id: UUID | None = None
    tenant_id: Annotated[UUID | None, Field(description="For super admins; everybody else has but one.")] = None


class UserChange(InputModel):
    """What an administrator changes about a person."""

    full_name: FullName


class RoleChange(InputModel):
    """A new role in the same tenant."""

    role: Role
    organization_id: Annotated[UUID | None, Field(description="Where a role moves into an organization.")] = None
    membership_id: Annotated[UUID | None, Field(description="Needed where the person has several.")] = None
