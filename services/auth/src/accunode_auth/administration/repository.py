"""People and memberships in the caller's reach; row-level security draws its edge."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import Select, exists, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from accunode_common.http.pagination import PageOf, PageParameters, SortOrder, paginate
from accunode_common.models.identity import Membership, User, UserStatus


def people(
    *, search: str | None, role: str | None, status: str | None, organization_id: UUID | None, tenant_id: UUID | None
) -> Select[User]:
    """The people who have a membership in reach that fits."""
    fitting = select(Membership.id).where(Membership.user_id == User.id)
    if role is not None:
        fitting = fitting.where(Membership.role == role)
    if status is not None:
        fitting = fitting.where(Membership.status == status)
    if organization_id is not None:
        fitting = fitting.where(Membership.organization_id == organization_id)
    if tenant_id is not None:
        fitting = fitting.where(Membership.tenant_id == tenant_id)
    query = select(User).where(exists(fitting))
    if search is not None:
        text = search.casefold()
        query = query.where(
            or_(
                User.email_key.contains(text, autoescape=True),
                func.lower(User.full_name).contains(text, autoescape=True),
            )
        )
    return query


async def page(
    session: AsyncSession,
    order: SortOrder,
    paging: PageParameters,
    *,
    search: str | None,
    role: str | None,
    status: str | None,
    organization_id: UUID | None,
    tenant_id: UUID | None,
) -> PageOf[User]:
    """A page of the people who have a membership in reach that fits."""
    fitting = people(search=search, role=role, status=status, organization_id=organization_id, tenant_id=tenant_id)
    return await paginate(session, fitting, order, paging)


async def find(session: AsyncSession, user_id: UUID, *, lock: bool = False) -> User | None:
    """The person, if in reach."""
    query = select(User).where(User.id == user_id, User.status != UserStatus.ANONYMISED)
    if lock:
        query = query.with_for_update()
    return (await session.scalars(query.execution_options(populate_existing=True))).one_or_none()


async def memberships(session: AsyncSession, user_ids: Sequence[UUID]) -> dict[UUID, list[Membership]]:
    """The memberships in reach of each person, oldest first."""
    found: dict[UUID, list[Membership]] = {user_id: [] for user_id in user_ids}
    query = select(Membership).where(Membership.user_id.in_(user_ids)).order_by(Membership.id)
    for membership in (await session.scalars(query.execution_options(populate_existing=True))).all():
        found[membership.user_id].append(membership)
    return found
