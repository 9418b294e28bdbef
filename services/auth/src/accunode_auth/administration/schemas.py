"""People, as their administrators see them."""

from typing import Annotated
from uuid import UUID

from pydantic import Field

from accunode_common.auth.roles import Role
from accunode_common.emails import EmailAddress
from accunode_common.models.identity import UserStatus
from accunode_common.schemas import CreatedAt, InputModel, OrganizationId, ResponseModel, TenantId
from accunode_identity.schemas import FullName, LastSignIn, Managed, MemberStatus, PersonName, ShownEmail


class MembershipOut(ResponseModel):
    """A membership in the caller's reach."""

    id: UUID = Field(description="For `membership_id` where one of several is meant.")
    tenant_id: TenantId
    organization_id: OrganizationId
    role: Role = Field(description="What the person may do there.", examples=["org_member"])
    status: MemberStatus
    created_at: CreatedAt


class UserOut(ResponseModel):
    """A person in the caller's reach; of their memberships, those in the caller's reach.

    Of the account itself only its address and name are told, but to the platform and to the tenant that manages it.
    """

    id: UUID = Field(description="Stays when the address changes.")
    email: ShownEmail
    full_name: PersonName
    memberships: list[MembershipOut] = Field(description="Those in the caller's reach.")
    managed: Managed
    status: UserStatus | None = Field(
        description="Whether the person may sign in; null where the account is not the caller's to look after.",
        examples=["active"],
    )
    locked: bool | None = Field(
        description="Whether failed sign-ins keep the person out for now; null where the account is not the caller's "
        "to look after.",
        examples=[False],
    )
    last_sign_in_at: LastSignIn


class UserIn(InputModel):
    """Whom to invite. Without an organization: to the caller's own, or to the tenant for a tenant admin."""

    email: EmailAddress = Field(description="Where the invitation goes, whether or not anybody has an account there.")
    role: Role = Field(
        description="What the person may do; never above the caller's own role.", examples=["org_member"]
    )
    organization_id: UUID | None = Field(
        default=None, description="Where the role is held, for roles of organizations."
    )
    tenant_id: Annotated[UUID | None, Field(description="For super admins; everybody else has but one.")] = None


class UserChange(InputModel):
    """What is changed of an account by whoever looks after it."""

    full_name: FullName


class RoleChange(InputModel):
    """A new role in the same tenant."""

    role: Role = Field(description="The role from now on; never above the caller's own.", examples=["org_admin"])
    organization_id: Annotated[UUID | None, Field(description="Where a role moves into an organization.")] = None
    membership_id: Annotated[UUID | None, Field(description="Needed where the person has several.")] = None
