"""Members, as clients see them."""

from typing import Literal
from uuid import UUID

from pydantic import Field

from accunode_common.emails import EmailAddress
from accunode_common.http.schemas import InputModel, ResponseModel, UtcTime
from accunode_common.models.identity import RoleName, UserStatus
from accunode_tenants.people.schemas import LastSignIn, PersonName, ShownEmail

MemberRole = Literal[RoleName.ORG_ADMIN, RoleName.ORG_MEMBER]


class MemberIn(InputModel):
    """Who becomes a member."""

    email: EmailAddress = Field(description="Of somebody in the caller's tenant, or of somebody to invite.")
    role: MemberRole = Field(default=RoleName.ORG_MEMBER, description="What the member may do there.")


class MemberOut(ResponseModel):
    """A member of an organization."""

    user_id: UUID = Field(description="The person, for DELETE /organizations/{organization_id}/members/{user_id}.")
    membership_id: UUID = Field(description="The seat; a person has one in each organization they belong to.")
    email: ShownEmail
    full_name: PersonName
    role: RoleName = Field(description="What the member may do there.", examples=["org_member"])
    status: UserStatus = Field(description="Whether the person may sign in.")
    joined_at: UtcTime = Field(description="When the membership began.", examples=["2026-01-12T08:15:00Z"])
    last_sign_in_at: LastSignIn


class MemberAdded(ResponseModel):
    """What came of adding somebody."""

    outcome: Literal["added", "invited"] = Field(
        description="`invited`: nobody the caller can see has this address, so it was put on the whitelist; "
        "its owner joins as org_member with the join token."
    )
    member: MemberOut | None = Field(description="The new member; null for an invitation.")


class MemberInvited(ResponseModel):
    """What came of it where nobody could be added."""

    outcome: Literal["invited"] = Field(description="The address was put on the whitelist.")
    member: None = Field(description="Nobody yet.")
