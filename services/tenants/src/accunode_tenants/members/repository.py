"""The SQL of an organization's memberships."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, delete, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.sql import func

from accunode_common.http.pagination import PageOf, PageParameters, SortOrder, paginate
from accunode_common.models.identity import Membership
from accunode_common.models.invitations import Invitation, InvitationState
from accunode_common.models.tenancy import Organization


def _of(organization: Organization) -> ColumnElement[bool]:
    return and_(Membership.tenant_id == organization.tenant_id, Membership.organization_id == organization.id)


def listing(organization: Organization, *, role: str | None) -> Select[Membership]:
    """The organization's memberships."""
    statement = select(Membership).where(_of(organization))
    return statement if role is None else statement.where(Membership.role == role)


async def page(
    session: AsyncSession, organization: Organization, order: SortOrder, paging: PageParameters, *, role: str | None
) -> PageOf[Membership]:
    """A page of the organization's memberships."""
    return await paginate(session, listing(organization, role=role), order, paging)


async def find(session: AsyncSession, organization: Organization, user_id: UUID) -> Membership | None:
    """That person's membership in the organization."""
    found: Membership | None = await session.scalar(
        select(Membership).where(_of(organization), Membership.user_id == user_id)
    )
    return found


async def remove_all(session: AsyncSession, organization: Organization) -> Sequence[UUID]:
    """End every membership in the organization; whose they were."""
    removed = await session.scalars(delete(Membership).where(_of(organization)).returning(Membership.user_id))
    return removed.all()


async def withdraw_invitations(session: AsyncSession, organization: Organization) -> None:
    """Take back every open invitation to the organization."""
    await session.execute(
        update(Invitation)
        .where(
            Invitation.tenant_id == organization.tenant_id,
            Invitation.organization_id == organization.id,
            Invitation.state == InvitationState.PENDING,
        )
        .values(state=InvitationState.WITHDRAWN, decided_at=func.now(), version=Invitation.version + 1)
    )
