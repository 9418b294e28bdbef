"""Members, as clients see them."""

from typing import Literal
from uuid import UUID

from pydantic import Field

from accunode_common.emails import EmailAddress
from accunode_common.http.schemas import InputModel, ResponseModel, UtcTime
from accunode_common.models.identity import RoleName, UserStatus

MemberRole = Literal[RoleName.ORG_ADMIN, RoleName.ORG_MEMBER]


class MemberIn(InputModel):
    """Who becomes a member."""

    email: EmailAddress
    role: MemberRole = RoleName.ORG_MEMBER


class MemberOut(ResponseModel):
    """A member of an organization."""

    user_id: UUID
    membership_id: UUID
    email: str
    full_name: str
    role: RoleName
    status: UserStatus
    joined_at: UtcTime
    last_sign_in_at: UtcTime | None


class MemberAdded(ResponseModel):
    """What came of adding somebody."""

    outcome: Literal["added", "invited"] = Field(
        description="`invited`: nobody the caller can see has this address, so it was put on the whitelist; "
        "its owner joins as org_member with the join token."
    )
    member: MemberOut | None = Field(description="The new member; null for an invitation.")
