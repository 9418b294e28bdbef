"""Tenant administrators, as clients see them."""

from uuid import UUID

from pydantic import Field

from accunode_common.emails import EmailAddress
from accunode_common.schemas import InputModel, ResponseModel, UtcTime
from accunode_identity.schemas import LastSignIn, Managed, MemberStatus, PersonName, ShownEmail


class AdminIn(InputModel):
    """Whom to invite as an administrator."""

    email: EmailAddress = Field(description="Where the invitation goes, whether or not anybody has an account there.")


class AdminOut(ResponseModel):
    """An administrator of a tenant."""

    user_id: UUID = Field(description="The person, for DELETE /tenants/{tenant_id}/admins/{user_id}.")
    email: ShownEmail
    full_name: PersonName
    status: MemberStatus
    since: UtcTime = Field(description="When the person became an administrator.", examples=["2026-01-12T08:15:00Z"])
    managed: Managed
    last_sign_in_at: LastSignIn
