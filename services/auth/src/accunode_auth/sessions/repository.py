"""Sessions and refresh tokens."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import Select, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from accunode_common.http.pagination import PageOf, PageParameters, SortOrder, paginate
from accunode_common.models.federation import SsoSession
from accunode_common.models.identity import RefreshToken, SignInSession, User, UserStatus


def active_of_user(user_id: UUID) -> Select[SignInSession]:
    """The person's sessions that have not ended."""
    return select(SignInSession).where(
        SignInSession.user_id == user_id,
        SignInSession.revoked_at.is_(None),
        SignInSession.expires_at > func.now(),
    )


async def page(db: AsyncSession, user_id: UUID, order: SortOrder, paging: PageParameters) -> PageOf[SignInSession]:
    """A page of the person's sessions that have not ended."""
    return await paginate(db, active_of_user(user_id), order, paging)


async def find(db: AsyncSession, user_id: UUID, session_id: UUID, *, lock: bool = False) -> SignInSession | None:
    """The person's session of that id, ended or not."""
    query = select(SignInSession).where(SignInSession.user_id == user_id, SignInSession.id == session_id)
    if lock:
        query = query.with_for_update().execution_options(populate_existing=True)
    return (await db.scalars(query)).one_or_none()


async def vouching_tenant(db: AsyncSession, user_id: UUID, session_id: UUID) -> UUID | None:
    """The tenant whose provider vouched for the session; None for those begun here."""
    query = select(SsoSession.tenant_id).where(SsoSession.user_id == user_id, SsoSession.session_id == session_id)
    return await db.scalar(query)


async def last_membership(db: AsyncSession, user_id: UUID) -> UUID | None:
    """The membership of the person's latest session."""
    query = (
        select(SignInSession.membership_id)
        .where(SignInSession.user_id == user_id)
        .order_by(SignInSession.id.desc())
        .limit(1)
    )
    return await db.scalar(query)


async def active_ids(db: AsyncSession, user_id: UUID) -> Sequence[UUID]:
    """The ids of the person's sessions that have not ended, locked."""
    query = active_of_user(user_id).with_only_columns(SignInSession.id).order_by(SignInSession.id).with_for_update()
    return (await db.scalars(query)).all()


async def end(db: AsyncSession, session_ids: Sequence[UUID], *, reason: str) -> None:
    """Mark sessions as ended."""
    await db.execute(
        update(SignInSession)
        .where(SignInSession.id.in_(session_ids), SignInSession.revoked_at.is_(None))
        .values(revoked_at=func.now(), revoked_reason=reason)
    )


async def token(db: AsyncSession, token_id: UUID, *, fresh: bool = False) -> RefreshToken | None:
    """The refresh token's row."""
    query = select(RefreshToken).where(RefreshToken.id == token_id)
    if fresh:
        query = query.execution_options(populate_existing=True)
    return (await db.scalars(query)).one_or_none()


async def spend_tokens(db: AsyncSession, session_id: UUID) -> None:
    """Mark every refresh token of a session as used."""
    await db.execute(
        update(RefreshToken)
        .where(RefreshToken.session_id == session_id, RefreshToken.used_at.is_(None))
        .values(used_at=func.clock_timestamp())
    )


async def may_sign_in(db: AsyncSession, user_id: UUID) -> bool:
    """Whether the person's account is active."""
    return await db.scalar(select(User.status).where(User.id == user_id)) == UserStatus.ACTIVE
