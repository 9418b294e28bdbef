"""People, as their administrators see them."""

from typing import Annotated
from uuid import UUID

from pydantic import Field

from accunode_auth.registration.schemas import FullName, PersonName
from accunode_auth.users.schemas import AccountStatus, Email, EmailVerified, LastSignIn
from accunode_common.auth.roles import Role
from accunode_common.emails import EmailAddress
from accunode_common.http.schemas import CreatedAt, InputModel, OrganizationId, ResponseModel, TenantId, UpdatedAt


class MembershipOut(ResponseModel):
    """A membership in the caller's reach."""

    id: UUID = Field(description="For `membership_id` in a change of role.")
    tenant_id: TenantId
    organization_id: OrganizationId
    role: Role = Field(description="What the person may do there.", examples=["org_member"])


class UserOut(ResponseModel):
    """A person in the caller's reach; of their memberships, those in the caller's reach."""

    id: UUID = Field(description="Stays when the address changes.")
    email: Email
    email_verified: EmailVerified
    full_name: PersonName
    status: AccountStatus
    locked: bool = Field(description="Whether failed sign-ins keep the person out for now.", examples=[False])
    memberships: list[MembershipOut] = Field(description="Those in the caller's reach.")
    last_sign_in_at: LastSignIn
    created_at: CreatedAt
    updated_at: UpdatedAt


class UserIn(InputModel):
    """A new member. Without an organization: of the caller's own, or of the tenant for a tenant admin."""

    email: EmailAddress = Field(description="Of somebody with an account, or of somebody new, who gets a mail.")
    full_name: FullName = Field(default="", description="For a new account; a known one keeps its own.")
    role: Role = Field(
        description="What the person may do; never above the caller's own role.", examples=["org_member"]
    )
    organization_id: UUID | None = Field(
        default=None, description="Where the role is held, for roles of organizations."
    )
    tenant_id: Annotated[UUID | None, Field(description="For super admins; everybody else has but one.")] = None


class UserChange(InputModel):
    """What an administrator changes about a person."""

    full_name: FullName


class RoleChange(InputModel):
    """A new role in the same tenant."""

    role: Role = Field(description="The role from now on; never above the caller's own.", examples=["org_admin"])
    organization_id: Annotated[UUID | None, Field(description="Where a role moves into an organization.")] = None
    membership_id: Annotated[UUID | None, Field(description="Needed where the person has several.")] = None
