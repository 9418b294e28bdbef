"""The SQL of tenant administrators."""

from uuid import UUID

from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncSession

from accunode_common.http.pagination import PageOf, PageParameters, SortOrder, paginate
from accunode_common.models.identity import Membership, RoleName


def listing(tenant_id: UUID) -> Select[Membership]:
    """The memberships that make somebody an administrator of the tenant."""
    return select(Membership).where(Membership.tenant_id == tenant_id, Membership.role == RoleName.TENANT_ADMIN)


async def page(session: AsyncSession, tenant_id: UUID, order: SortOrder, paging: PageParameters) -> PageOf[Membership]:
    """A page of the memberships that make somebody an administrator of the tenant."""
    return await paginate(session, listing(tenant_id), order, paging)


async def find(session: AsyncSession, tenant_id: UUID, user_id: UUID) -> Membership | None:
    """The membership that makes that person an administrator."""
    found: Membership | None = await session.scalar(listing(tenant_id).where(Membership.user_id == user_id))
    return found
