"""Invitations, as their addressees see them."""

from uuid import UUID

from pydantic import Field

from accunode_auth.registration.schemas import MailedToken
from accunode_common.auth.roles import Role
from accunode_common.schemas import InputModel, ResponseModel, UtcTime
from accunode_identity.invitations import Joined, Offer
from accunode_identity.password_policy import NewPassword
from accunode_identity.schemas import FullName


class OfferOut(ResponseModel):
    """An open invitation to the caller's verified address."""

    id: UUID = Field(description="For POST /users/me/invitations/{invitation_id}/accept.")
    tenant_id: UUID = Field(description="The tenant that invites.")
    tenant_name: str = Field(description="What it is called.", examples=["First National Bank"])
    organization_id: UUID | None = Field(description="Its organization; null for the tenant as a whole.")
    organization_name: str | None = Field(description="What it is called; null outside of one.", examples=["Credit"])
    role: Role = Field(description="What the caller may do there.", examples=["org_member"])
    managed: bool = Field(
        description="Whether accepting includes that the tenant manages the account: its administrators may then "
        "rename, lock, unlock, deactivate and delete it, and see when it last signed in.",
        examples=[False],
    )
    expires_at: UtcTime = Field(description="Until when it can be accepted.", examples=["2026-01-19T08:15:00Z"])

    @classmethod
    def of(cls, offer: Offer) -> "OfferOut":
        """The invitation as its addressee sees it."""
        return cls(
            id=offer.invitation.id,
            tenant_id=offer.scope.tenant_id,
            tenant_name=offer.scope.tenant_name,
            organization_id=offer.scope.organization_id,
            organization_name=offer.scope.organization_name,
            role=Role(offer.invitation.role),
            managed=offer.invitation.managed,
            expires_at=offer.invitation.expires_at,
        )


class Offers(ResponseModel):
    """The open invitations to the caller's address."""

    items: list[OfferOut] = Field(description="Oldest first.")


class Acceptance(InputModel):
    """How an invitation is accepted."""

    accept_managed: bool = Field(
        default=False, description="Needed where the invitation says `managed`: that the tenant manages the account."
    )


class TokenAcceptance(Acceptance):
    """An invitation's token, and an account to be made."""

    token: MailedToken
    password: NewPassword = Field(description="Of the new account: at least 12 characters, and not easy to guess.")
    full_name: FullName = ""


class AcceptedOut(ResponseModel):
    """The new membership; POST /auth/switch with its id begins to use it."""

    membership_id: UUID = Field(description="For POST /auth/switch.")
    tenant_id: UUID = Field(description="The tenant that was joined.")
    tenant_name: str = Field(description="What it is called.", examples=["First National Bank"])
    organization_id: UUID | None = Field(description="Its organization; null for the tenant as a whole.")
    organization_name: str | None = Field(description="What it is called; null outside of one.", examples=["Credit"])
    role: Role = Field(description="What the caller may do there.", examples=["org_member"])
    managed: bool = Field(
        description="Whether that tenant manages the account from now on. An account that belongs to several tenants "
        "is managed by none, and one that was managed by another no longer is.",
        examples=[False],
    )

    @classmethod
    def of(cls, joined: Joined) -> "AcceptedOut":
        """What came of accepting."""
        return cls(
            membership_id=joined.membership.id,
            tenant_id=joined.scope.tenant_id,
            tenant_name=joined.scope.tenant_name,
            organization_id=joined.scope.organization_id,
            organization_name=joined.scope.organization_name,
            role=Role(joined.membership.role),
            managed=joined.managed,
        )
