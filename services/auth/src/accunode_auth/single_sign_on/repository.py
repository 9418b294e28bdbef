"""Who people are to their tenant's provider, and the sessions that it vouched for."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import Select, delete, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from accunode_common.http.pagination import PageOf, PageParameters, SortOrder, paginate
from accunode_common.models.federation import FederatedIdentity, SsoSession


async def identity(session: AsyncSession, tenant_id: UUID, issuer: str, subject: str) -> FederatedIdentity | None:
    """The person that the tenant's provider names, locked."""
    query = select(FederatedIdentity).where(
        FederatedIdentity.tenant_id == tenant_id,
        FederatedIdentity.issuer == issuer,
        FederatedIdentity.subject == subject,
    )
    return (await session.scalars(query.with_for_update())).one_or_none()


async def note_use(session: AsyncSession, row: FederatedIdentity, *, at: datetime, withdrawn: bool) -> None:
    """Note that the provider vouched for a person, and whether its claims gave them nothing."""
    await session.execute(
        update(FederatedIdentity)
        .where(FederatedIdentity.tenant_id == row.tenant_id, FederatedIdentity.id == row.id)
        .values(last_used_at=at, withdrawn_at=at if withdrawn else None)
    )


async def known_as_another(session: AsyncSession, tenant_id: UUID, issuer: str, user_id: UUID) -> bool:
    """Whether the tenant's provider has vouched for the person under any subject."""
    query = select(FederatedIdentity.id).where(
        FederatedIdentity.tenant_id == tenant_id,
        FederatedIdentity.issuer == issuer,
        FederatedIdentity.user_id == user_id,
    )
    return (await session.scalars(query.limit(1))).first() is not None


def of_user(user_id: UUID) -> Select[FederatedIdentity]:
    """The identities of a person that are in sight."""
    return select(FederatedIdentity).where(FederatedIdentity.user_id == user_id)


async def page(
    session: AsyncSession, user_id: UUID, order: SortOrder, paging: PageParameters
) -> PageOf[FederatedIdentity]:
    """A page of the identities of a person that are in sight."""
    return await paginate(session, of_user(user_id), order, paging)


async def unlink(session: AsyncSession, user_id: UUID, identity_id: UUID) -> FederatedIdentity | None:
    """Remove one of a person's identities; None if there is no such."""
    query = (
        delete(FederatedIdentity)
        .where(FederatedIdentity.user_id == user_id, FederatedIdentity.id == identity_id)
        .returning(FederatedIdentity)
    )
    return (await session.scalars(query)).one_or_none()


async def vouched(session: AsyncSession, user_id: UUID, session_id: UUID) -> SsoSession | None:
    """What is known of a session that a provider vouched for."""
    query = select(SsoSession).where(SsoSession.user_id == user_id, SsoSession.session_id == session_id)
    return (await session.scalars(query)).one_or_none()


async def vouched_since(session: AsyncSession, tenant_id: UUID, since: datetime) -> Sequence[SsoSession]:
    """The sessions that the tenant's providers vouched for since then."""
    query = (
        select(SsoSession)
        .where(SsoSession.tenant_id == tenant_id, SsoSession.created_at >= since)
        .order_by(SsoSession.user_id, SsoSession.session_id)
    )
    return (await session.scalars(query)).all()


async def sessions_of(
    session: AsyncSession, tenant_id: UUID, issuer: str, *, subject: str | None, provider_session_id: str | None = None
) -> Sequence[SsoSession]:
    """The sessions that a tenant's provider vouched for: all of a person, or one that the provider names."""
    query = (
        select(SsoSession)
        .where(SsoSession.tenant_id == tenant_id, SsoSession.issuer == issuer)
        .order_by(SsoSession.user_id, SsoSession.session_id)
    )
    if subject is not None:
        query = query.where(SsoSession.subject == subject)
    if provider_session_id is not None:
        query = query.where(SsoSession.provider_session_id == provider_session_id)
    return (await session.scalars(query)).all()


async def add_identity(session: AsyncSession, row: FederatedIdentity) -> None:
    """Add who a person is to a provider."""
    session.add(row)
    await session.flush()


async def add_session(session: AsyncSession, row: SsoSession) -> None:
    """Add what a provider vouched for."""
    session.add(row)
    await session.flush()
