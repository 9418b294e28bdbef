"""Sessions and refresh tokens."""

from collections.abc import Iterable, Sequence
from datetime import datetime
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


async def page(session: AsyncSession, user_id: UUID, order: SortOrder, paging: PageParameters) -> PageOf[SignInSession]:
    """A page of the person's sessions that have not ended."""
    return await paginate(session, active_of_user(user_id), order, paging)


async def find(session: AsyncSession, user_id: UUID, session_id: UUID, *, lock: bool = False) -> SignInSession | None:
    """The person's session of that id, ended or not."""
    query = select(SignInSession).where(SignInSession.user_id == user_id, SignInSession.id == session_id)
    if lock:
        query = query.with_for_update().execution_options(populate_existing=True)
    return (await session.scalars(query)).one_or_none()


async def vouching_tenant(session: AsyncSession, user_id: UUID, session_id: UUID) -> UUID | None:
    """The tenant whose provider vouched for the session; None for those begun here."""
    query = select(SsoSession.tenant_id).where(SsoSession.user_id == user_id, SsoSession.session_id == session_id)
    return await session.scalar(query)


async def last_membership(session: AsyncSession, user_id: UUID) -> UUID | None:
    """The membership of the person's latest session."""
    query = (
        select(SignInSession.membership_id)
        .where(SignInSession.user_id == user_id)
        .order_by(SignInSession.id.desc())
        .limit(1)
    )
    return await session.scalar(query)


async def active_ids(session: AsyncSession, user_id: UUID) -> Sequence[UUID]:
    """The ids of the person's sessions that have not ended, locked."""
    query = active_of_user(user_id).with_only_columns(SignInSession.id).order_by(SignInSession.id).with_for_update()
    return (await session.scalars(query)).all()


async def end(session: AsyncSession, session_ids: Sequence[UUID], *, reason: str) -> None:
    """Mark sessions as ended."""
    await session.execute(
        update(SignInSession)
        .where(SignInSession.id.in_(session_ids), SignInSession.revoked_at.is_(None))
        .values(revoked_at=func.now(), revoked_reason=reason)
    )


async def token(session: AsyncSession, token_id: UUID, *, fresh: bool = False) -> RefreshToken | None:
    """The refresh token's row."""
    query = select(RefreshToken).where(RefreshToken.id == token_id)
    if fresh:
        query = query.execution_options(populate_existing=True)
    return (await session.scalars(query)).one_or_none()


async def spend_tokens(session: AsyncSession, session_id: UUID) -> None:
    """Mark every refresh token of a session as used."""
    await session.execute(
        update(RefreshToken)
        .where(RefreshToken.session_id == session_id, RefreshToken.used_at.is_(None))
        .values(used_at=func.clock_timestamp())
    )


async def may_sign_in(session: AsyncSession, user_id: UUID) -> bool:
    """Whether the person's account is active."""
    return await session.scalar(select(User.status).where(User.id == user_id)) == UserStatus.ACTIVE


async def add(session: AsyncSession, user_session: SignInSession) -> None:
    """Add a session."""
    session.add(user_session)
    await session.flush()


async def add_token(session: AsyncSession, row: RefreshToken) -> None:
    """Add a refresh token."""
    session.add(row)
    await session.flush()


async def set_methods(session: AsyncSession, user_session: SignInSession, methods: Iterable[str]) -> None:
    """Write what the session's person has shown."""
    user_session.authentication_methods = sorted(set(methods))
    await session.flush()


async def note_use(
    session: AsyncSession,
    user_session: SignInSession,
    *,
    at: datetime,
    user_agent: str,
    ip_address: str | None,
    expires_at: datetime,
) -> None:
    """Note when and from where a session was continued, and until when it can be again."""
    user_session.last_seen_at, user_session.expires_at = at, expires_at
    user_session.user_agent, user_session.ip_address = user_agent, ip_address
    await session.flush()


async def note_successor(session: AsyncSession, row: RefreshToken, successor_id: UUID) -> None:
    """Note which token a refresh token was exchanged for."""
    row.successor_id = successor_id
    await session.flush()
