"""A person's memberships and the names of what they belong to."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from accunode_common.models.identity import Membership, MembershipStatus, User
from accunode_common.models.tenancy import Organization, Tenant


async def of_user(db: AsyncSession, user_id: UUID) -> Sequence[Membership]:
    """The person's memberships that can be worked in, oldest first."""
    query = (
        select(Membership)
        .where(Membership.user_id == user_id, Membership.status == MembershipStatus.ACTIVE)
        .order_by(Membership.id)
    )
    return (await db.scalars(query)).all()


async def lock_person(db: AsyncSession, user_id: UUID) -> None:
    """Wait for a change of the person that is under way, and let none begin that would wait for us."""
    await db.execute(select(User.id).where(User.id == user_id).with_for_update(read=True, key_share=True))


async def tenant_ids(db: AsyncSession, user_id: UUID) -> Sequence[UUID]:
    """The tenants of the person's memberships."""
    return (await db.scalars(select(Membership.tenant_id).where(Membership.user_id == user_id).distinct())).all()


async def tenant(db: AsyncSession, tenant_id: UUID) -> Tenant | None:
    """The tenant, if the transaction may see it."""
    return (await db.scalars(select(Tenant).where(Tenant.id == tenant_id))).one_or_none()


async def organization(db: AsyncSession, tenant_id: UUID, organization_id: UUID) -> Organization | None:
    """The organization, if the transaction may see it."""
    query = select(Organization).where(Organization.tenant_id == tenant_id, Organization.id == organization_id)
    return (await db.scalars(query)).one_or_none()
