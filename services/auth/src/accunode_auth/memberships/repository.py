"""A person's memberships and the names of what they belong to. The transaction must be the person's."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select, and_, select
from sqlalchemy.ext.asyncio import AsyncSession

from accunode_common.models.identity import Membership, MembershipStatus, User
from accunode_common.models.tenancy import Organization, Tenant, TenantStatus


def _active() -> Select[Any]:
    """Memberships that can be worked in, of tenants in use."""
    of_organization = and_(
        Organization.tenant_id == Membership.tenant_id, Organization.id == Membership.organization_id
    )
    return (
        select(
            Membership.user_id,
            Membership.id.label("membership_id"),
            Membership.tenant_id,
            Tenant.name.label("tenant_name"),
            Membership.organization_id,
            Organization.name.label("organization_name"),
            Membership.role,
            Membership.role_since,
            Tenant.settings,
        )
        .join(Tenant, Tenant.id == Membership.tenant_id)
        .outerjoin(Organization, of_organization)
        .where(Membership.status == MembershipStatus.ACTIVE, Tenant.status == TenantStatus.ACTIVE)
    )


async def active(db: AsyncSession, user_id: UUID) -> Sequence[Row[Any]]:
    """The person's memberships that can be worked in, oldest first."""
    query = _active().where(Membership.user_id == user_id).order_by(Membership.id)
    found: Sequence[Row[Any]] = (await db.execute(query)).all()
    return found


async def person(db: AsyncSession, user_id: UUID) -> tuple[User, Sequence[Row[Any]]] | None:
    """The person, with the memberships that can be worked in, oldest first."""
    held = _active().subquery()
    query = (
        select(User, *held.columns)
        .outerjoin(held, held.columns.user_id == User.id)
        .where(User.id == user_id)
        .order_by(held.columns.membership_id)
        .execution_options(populate_existing=True)
    )
    rows = (await db.execute(query)).all()
    if not rows:
        return None
    return rows[0].User, [row for row in rows if row.membership_id is not None]


async def lock_person(db: AsyncSession, user_id: UUID) -> None:
    """Wait for a change of the person that is under way, and let none begin that would wait for us."""
    await db.execute(select(User.id).where(User.id == user_id).with_for_update(read=True, key_share=True))


async def tenant_ids(db: AsyncSession, user_id: UUID, *, active: bool = False) -> Sequence[UUID]:
    """The tenants of the person's memberships, or of those only that are not suspended."""
    query = select(Membership.tenant_id).where(Membership.user_id == user_id).distinct()
    if active:
        query = query.where(Membership.status == MembershipStatus.ACTIVE)
    return (await db.scalars(query)).all()
