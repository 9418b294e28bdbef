"""Invitations in the caller's reach."""

from uuid import UUID

from sqlalchemy import Select, and_, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from accunode_common.auth.subject import Subject
from accunode_common.db.session import Reach
from accunode_common.emails import email_key
from accunode_common.http.pagination import PageOf, PageParameters, SortOrder, paginate
from accunode_common.models.invitations import Invitation, InvitationState


def administered(subject: Subject) -> Select[Invitation]:
    """The invitations to places that the caller administers; not those to the caller's own address elsewhere."""
    query = select(Invitation)
    if subject.write_reach is Reach.PLATFORM:
        return query
    query = query.where(Invitation.tenant_id == subject.tenant_id)
    if subject.write_reach is Reach.TENANT:
        return query
    return query.where(Invitation.organization_id == subject.organization_id)


def fitting(
    query: Select[Invitation],
    *,
    state: InvitationState | None,
    email: str | None,
    organization_id: UUID | None,
    tenant_id: UUID | None,
) -> Select[Invitation]:
    """Those of the invitations that fit every filter that is given."""
    overdue = and_(Invitation.state == InvitationState.PENDING, Invitation.expires_at <= func.now())
    if state is InvitationState.EXPIRED:
        query = query.where(or_(Invitation.state == state, overdue))
    elif state is not None:
        query = query.where(Invitation.state == state, ~overdue)
    if email is not None:
        query = query.where(Invitation.email_key == email_key(email))
    if organization_id is not None:
        query = query.where(Invitation.organization_id == organization_id)
    if tenant_id is not None:
        query = query.where(Invitation.tenant_id == tenant_id)
    return query


async def page(
    session: AsyncSession,
    subject: Subject,
    order: SortOrder,
    paging: PageParameters,
    *,
    state: InvitationState | None,
    email: str | None,
    organization_id: UUID | None,
    tenant_id: UUID | None,
) -> PageOf[Invitation]:
    """A page of the invitations to places that the caller administers, of those that fit."""
    query = fitting(
        administered(subject), state=state, email=email, organization_id=organization_id, tenant_id=tenant_id
    )
    return await paginate(session, query, order, paging)


async def find(session: AsyncSession, subject: Subject, invitation_id: UUID) -> Invitation | None:
    """The invitation, if the caller administers its place."""
    found: Invitation | None = await session.scalar(administered(subject).where(Invitation.id == invitation_id))
    return found
