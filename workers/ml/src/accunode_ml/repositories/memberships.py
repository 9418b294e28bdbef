"""`identity.memberships`: as what a person works in a tenant."""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from accunode_common.models.identity import Membership, MembershipStatus, User, UserStatus
from accunode_common.models.tenancy import Tenant, TenantStatus


def active_role(session: Session, tenant_id: UUID, user_id: UUID, organization_id: UUID | None) -> str | None:
    """The role of an active person in an active tenant, or in its organization; None if they have none there."""
    statement = (
        select(Membership.role)
        .join(User, User.id == Membership.user_id)
        .join(Tenant, Tenant.id == Membership.tenant_id)
        .where(
            Membership.tenant_id == tenant_id,
            Membership.user_id == user_id,
            Membership.organization_id.is_not_distinct_from(organization_id),
            Membership.status == MembershipStatus.ACTIVE,
            User.status == UserStatus.ACTIVE,
            Tenant.status == TenantStatus.ACTIVE,
        )
    )
    return session.execute(statement).scalar_one_or_none()
