"""People, as clients see them."""

from uuid import UUID

from accunode_auth.registration.schemas import FullName
from accunode_auth.sessions.schemas import WorkplaceOut
from accunode_common.auth.roles import Permission, Role
from accunode_common.http.schemas import InputModel, ResponseModel, UtcTime


class Profile(ResponseModel):
    """The caller."""

    id: UUID
    email: str
    email_verified: bool
    full_name: str
    status: str
    role: Role
    tenant_id: UUID
    organization_id: UUID | None
    permissions: list[Permission]
    memberships: list[WorkplaceOut]
    last_sign_in_at: UtcTime | None
    created_at: UtcTime
    updated_at: UtcTime


class ProfileChange(InputModel):
    """What people change about themselves."""

    full_name: FullName
