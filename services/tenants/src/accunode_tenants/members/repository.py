"""The SQL of an organization's memberships."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from accunode_common.ids import new_id
from accunode_common.models.identity import Membership
from accunode_common.models.tenancy import Organization


def _of(organization: Organization) -> ColumnElement[bool]:
    return and_(Membership.tenant_id == organization.tenant_id, Membership.organization_id == organization.id)


def listing(organization: Organization, *, role: str | None) -> Select[Membership]:
    """The organization's memberships."""
    statement = select(Membership).where(_of(organization))
    return statement if role is None else statement.where(Membership.role == role)


async def find(session: AsyncSession, organization: Organization, user_id: UUID) -> Membership | None:
    """That person's membership in the organization."""
    found: Membership | None = await session.scalar(
        select(Membership).where(_of(organization), Membership.user_id == user_id)
    )
    return found


async def count(session: AsyncSession, organization: Organization) -> int:
    """How many members the organization has."""
    return await session.scalar(select(func.count()).select_from(Membership).where(_of(organization))) or 0


async def add(session: AsyncSession, organization: Organization, user_id: UUID, role: str) -> Membership | None:
    """A new membership, or None if the person has one."""
    added: Membership | None = await session.scalar(
        insert(Membership)
        .values(
            tenant_id=organization.tenant_id, id=new_id(), user_id=user_id, organization_id=organization.id, role=role
        )
        .on_conflict_do_nothing()
        .returning(Membership)
    )
    return added


async def remove(session: AsyncSession, organization: Organization, user_id: UUID) -> bool:
    """End that person's membership; False if there was none."""
    removed = await session.scalar(
        delete(Membership).where(_of(organization), Membership.user_id == user_id).returning(Membership.user_id)
    )
    return removed is not None


async def remove_all(session: AsyncSession, organization: Organization) -> Sequence[UUID]:
    """End every membership in the organization; whose they were."""
    removed = await session.scalars(delete(Membership).where(_of(organization)).returning(Membership.user_id))
    return removed.all()
