"""Members, as clients see them."""

from typing import Literal
from uuid import UUID

from pydantic import Field

from accunode_common.emails import EmailAddress
from accunode_common.models.identity import RoleName
from accunode_common.schemas import InputModel, ResponseModel, UtcTime
from accunode_identity.schemas import LastSignIn, Managed, MemberStatus, PersonName, ShownEmail

MemberRole = Literal[RoleName.ORG_ADMIN, RoleName.ORG_MEMBER]


class MemberIn(InputModel):
    """Whom to invite."""

    email: EmailAddress = Field(description="Where the invitation goes, whether or not anybody has an account there.")
    role: MemberRole = Field(default=RoleName.ORG_MEMBER, description="What the member may do there.")


class MemberOut(ResponseModel):
    """A member of an organization."""

    user_id: UUID = Field(description="The person, for DELETE /organizations/{organization_id}/members/{user_id}.")
    membership_id: UUID = Field(description="The seat; a person has one in each organization they belong to.")
    email: ShownEmail
    full_name: PersonName
    role: RoleName = Field(description="What the member may do there.", examples=["org_member"])
    status: MemberStatus
    joined_at: UtcTime = Field(description="When the membership began.", examples=["2026-01-12T08:15:00Z"])
    managed: Managed
    last_sign_in_at: LastSignIn
