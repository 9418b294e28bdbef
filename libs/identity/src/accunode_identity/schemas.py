"""Invitations and people, as clients of both services see them."""

from typing import Annotated
from uuid import UUID

from pydantic import Field, StringConstraints

from accunode_common.auth.roles import Role
from accunode_common.models.identity import MembershipStatus
from accunode_common.models.invitations import Invitation, InvitationState
from accunode_common.schemas import CreatedAt, OrganizationId, ResponseModel, TenantId, UtcTime
from accunode_identity.invitations import shown_state

PersonName = Annotated[
    str, Field(description="First and last name, as the person writes it.", examples=["Ada Lovelace"])
]
FullName = Annotated[PersonName, StringConstraints(max_length=200, pattern=r"^[^\x00-\x1f\x7f]*$")]
"""A name as somebody gives it: without control characters, and empty if they give none."""
ShownEmail = Annotated[
    str, Field(description="The address that signs the person in.", examples=["ada.lovelace@first-national.example"])
]
LastSignIn = Annotated[
    UtcTime | None,
    Field(
        description="When the person last signed in; null for never, and for accounts that are not the caller's to "
        "look after.",
        examples=["2026-01-12T08:15:00Z"],
    ),
]
Managed = Annotated[
    bool, Field(description="Whether the owner accepted that the tenant manages the account.", examples=[False])
]
MemberStatus = Annotated[
    MembershipStatus, Field(description="`suspended`: the membership cannot be worked in for now.", examples=["active"])
]


class InvitationOut(ResponseModel):
    """An invitation as its administrators see it: what they typed, and what became of it."""

    id: UUID = Field(description="For /invitations/{invitation_id}.")
    email: str = Field(description="As it was typed.", examples=["ada.lovelace@first-national.example"])
    role: Role = Field(description="What whoever accepts may do there.", examples=["org_member"])
    tenant_id: TenantId
    organization_id: OrganizationId
    managed: bool = Field(
        description="Whether accepting it includes that the tenant manages the account.", examples=[False]
    )
    state: InvitationState = Field(description="Only a `pending` one can be accepted.", examples=["pending"])
    invited_by: UUID = Field(description="Who made it.")
    created_at: CreatedAt
    expires_at: UtcTime = Field(description="Until when it can be accepted.", examples=["2026-01-19T08:15:00Z"])
    decided_at: UtcTime | None = Field(
        description="When it was accepted, declined or withdrawn, or expired; null until then.", examples=[None]
    )

    @classmethod
    def of(cls, invitation: Invitation) -> "InvitationOut":
        """What is told of an invitation."""
        state = shown_state(invitation)
        return cls(
            id=invitation.id,
            email=invitation.email,
            role=Role(invitation.role),
            tenant_id=invitation.tenant_id,
            organization_id=invitation.organization_id,
            managed=invitation.managed,
            state=state,
            invited_by=invitation.invited_by,
            created_at=invitation.created_at,
            expires_at=invitation.expires_at,
            decided_at=invitation.expires_at if state is InvitationState.EXPIRED else invitation.decided_at,
        )
