"""Refresh tokens follow one another in a chain. Each is good once, and for a moment longer.

A client that lost the reply, or a second tab, sends a token again that was just used: it gets the same successor, which
is derived from the token and nowhere kept. Later, a used token was copied by somebody, and the session ends.
"""

import hmac
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from accunode_auth.limits import LimitClass, count_use
from accunode_auth.memberships.service import ActiveMembership, await_changes, choose
from accunode_auth.resources import Resources
from accunode_auth.second_factors import service as second_factors
from accunode_auth.sessions import repository
from accunode_auth.sessions.lifetimes import ends_at
from accunode_auth.sessions.service import (
    REFRESH_PREFIX,
    EndReason,
    Tokens,
    end,
    issue,
    memberships_of_session,
    move,
    record,
    subject_of,
    tokens_for,
)
from accunode_common.auth.credentials import Credential
from accunode_common.auth.revocation import Revocations
from accunode_common.auth.revocation_records import moment
from accunode_common.db.session import AccessContext
from accunode_common.errors import UnauthenticatedError
from accunode_common.http.trail import Origin
from accunode_common.ids import new_id
from accunode_common.log import get_logger
from accunode_common.models.identity import RefreshToken, SignInSession

REPEATED_WITHIN = timedelta(seconds=10)

logger = get_logger(__name__)


async def refresh(app: Resources, text: str, origin: Origin) -> Tokens:
    """Exchange a refresh token for new tokens.

    Raises:
        UnauthenticatedError: The token is not good, or no longer.
        RateLimitedError: The session is refreshed too often.
    """
    credential = Credential.parse(REFRESH_PREFIX, text, ids=2)
    if credential is None:
        raise UnauthenticatedError("The refresh token is not valid.")
    async with app.database.transaction(AccessContext(user_id=credential.ids[0])) as session:
        tokens = await _refresh(session, app, credential, origin)
    if tokens is None:
        raise UnauthenticatedError("The refresh token is not valid.")
    return tokens


async def _refresh(session: AsyncSession, app: Resources, credential: Credential, origin: Origin) -> Tokens | None:
    user_id, token_id = credential.ids
    token = await repository.token(session, token_id)
    if token is None or not credential.matches(token.token_hash):
        return None
    await count_use(app, LimitClass.SESSION_REFRESH, token.session_id)
    await await_changes(session, user_id)
    user_session = await repository.find(session, user_id, token.session_id, lock=True)
    token = await repository.token(session, token_id, fresh=True)
    now = await moment(session)
    if user_session is None or token is None or user_session.revoked_at is not None or user_session.expires_at <= now:
        return None
    membership = choose(
        await memberships_of_session(session, user_id, user_session.id), last_membership_id=user_session.membership_id
    )
    active = await repository.may_sign_in(session, user_id)
    reason = _end_reason(app, token, user_session, membership, now, active=active)
    if reason is not None or membership is None:
        await _give_up(session, app.revocations, user_session, membership, reason or EndReason.NO_MEMBERSHIP, origin)
        return None
    if token.used_at is not None:
        return await _repeat(session, app, user_session, membership, token, credential, origin)
    return await _rotate(session, app, user_session, membership, token, credential, origin, now)


def _end_reason(
    app: Resources,
    token: RefreshToken,
    user_session: SignInSession,
    membership: ActiveMembership | None,
    now: datetime,
    *,
    active: bool,
) -> EndReason | None:
    if token.used_at is not None and now - token.used_at > REPEATED_WITHIN:
        return EndReason.TOKEN_REUSED
    if not active:
        return EndReason.DEACTIVATED
    if membership is None:
        return EndReason.NO_MEMBERSHIP
    if second_factors.overdue(app, membership, user_session.authentication_methods):
        return EndReason.SECOND_FACTOR_MISSING
    end_now = ends_at(
        app.settings.sessions, membership.rules, began_at=user_session.created_at, seen_at=user_session.last_seen_at
    )
    return EndReason.EXPIRED if end_now <= now else None


async def _give_up(
    session: AsyncSession,
    revocations: Revocations,
    user_session: SignInSession,
    membership: ActiveMembership | None,
    reason: EndReason,
    origin: Origin,
) -> None:
    await end(session, revocations, [user_session.id], reason)
    logger.warning("refresh refused", session_id=str(user_session.id), reason=reason)
    if membership is not None:
        await record(session, "session.end", subject_of(user_session, membership), origin, details={"reason": reason})


async def _rotate(
    session: AsyncSession,
    app: Resources,
    user_session: SignInSession,
    membership: ActiveMembership,
    token: RefreshToken,
    credential: Credential,
    origin: Origin,
    now: datetime,
) -> Tokens:
    move(user_session, membership)
    await repository.note_use(
        session,
        user_session,
        at=now,
        user_agent=origin.user_agent,
        ip_address=origin.address,
        expires_at=ends_at(app.settings.sessions, membership.rules, began_at=user_session.created_at, seen_at=now),
    )
    successor = _successor(app, credential, new_id())
    await repository.note_successor(session, token, successor.ids[1])
    await repository.spend_tokens(session, user_session.id)
    tokens = await issue(session, app, user_session, membership, successor)
    await record(session, "session.refresh", tokens.subject, origin)
    return tokens


async def _repeat(
    session: AsyncSession,
    app: Resources,
    user_session: SignInSession,
    membership: ActiveMembership,
    token: RefreshToken,
    credential: Credential,
    origin: Origin,
) -> Tokens | None:
    """The successor once more; none where the chain went on by a switch, or under another key."""
    if token.successor_id is None:
        return None
    successor = _successor(app, credential, token.successor_id)
    kept = await repository.token(session, token.successor_id)
    if kept is None or not successor.matches(kept.token_hash):
        return None
    tokens = await tokens_for(session, app, user_session, membership, successor)
    await record(session, "session.refresh", tokens.subject, origin, details={"repeated": True})
    return tokens


def _successor(app: Resources, credential: Credential, successor_id: UUID) -> Credential:
    """The refresh token after this one, derived from it and the service's key; the database holds neither."""
    key = app.settings.mfa.key.get_secret_value().encode()
    secret = hmac.digest(key, b"accunode refresh token" + credential.secret + successor_id.bytes, "sha256")
    return Credential(REFRESH_PREFIX, (credential.ids[0], successor_id), secret)
