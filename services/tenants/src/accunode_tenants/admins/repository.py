"""The SQL of tenant administrators."""

from uuid import UUID

from sqlalchemy import Select, delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from accunode_common.ids import new_id
from accunode_common.models.identity import Membership, RoleName, User, UserStatus


def listing(tenant_id: UUID) -> Select[Membership]:
    """The memberships that make somebody an administrator of the tenant."""
    return select(Membership).where(Membership.tenant_id == tenant_id, Membership.role == RoleName.TENANT_ADMIN)


async def find(session: AsyncSession, tenant_id: UUID, user_id: UUID) -> Membership | None:
    """The membership that makes that person an administrator."""
    found: Membership | None = await session.scalar(listing(tenant_id).where(Membership.user_id == user_id))
    return found


async def add(session: AsyncSession, tenant_id: UUID, user_id: UUID) -> Membership:
    """Make a person an administrator, raising a tenant-wide membership they may have."""
    values = {"role": RoleName.TENANT_ADMIN}
    added = await session.scalars(
        insert(Membership)
        .values(tenant_id=tenant_id, id=new_id(), user_id=user_id, organization_id=None, **values)
        .on_conflict_do_update(
            index_elements=[Membership.tenant_id, Membership.user_id, Membership.organization_id],
            set_={**values, "version": Membership.version + 1, "updated_at": func.now()},
        )
        .returning(Membership)
        .execution_options(populate_existing=True)
    )
    return added.one()


async def others_who_can_sign_in(session: AsyncSession, tenant_id: UUID, user_id: UUID) -> int:
    """How many administrators the tenant has besides that person, not counting blocked accounts."""
    statement = (
        select(func.count(Membership.id))
        .join(User, User.id == Membership.user_id)
        .where(
            Membership.tenant_id == tenant_id,
            Membership.role == RoleName.TENANT_ADMIN,
            Membership.user_id != user_id,
            User.status == UserStatus.ACTIVE,
        )
    )
    return await session.scalar(statement) or 0


async def remove(session: AsyncSession, membership: Membership) -> None:
    """End an administrator's membership."""
    await session.execute(
        delete(Membership).where(Membership.tenant_id == membership.tenant_id, Membership.id == membership.id)
    )
