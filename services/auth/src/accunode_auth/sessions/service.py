"""The life of a session: begun, refreshed, switched, ended."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from accunode_auth.devices import service as devices
from accunode_auth.memberships.service import ActiveMembership, await_changes, choose, held_memberships
from accunode_auth.resources import Resources
from accunode_auth.second_factors import service as second_factors
from accunode_auth.sessions import repository
from accunode_auth.sessions.lifetimes import ends_at
from accunode_auth.sso_connections import service as connections
from accunode_common import audit
from accunode_common.auth.credentials import Credential
from accunode_common.auth.revocation import Revocations
from accunode_common.auth.revocation_records import moment
from accunode_common.auth.subject import Subject
from accunode_common.auth.tokens import ACCESS_TOKEN_LIFETIME
from accunode_common.db.session import acting_as
from accunode_common.errors import ForbiddenError, NotFoundError, UnauthenticatedError
from accunode_common.http.pagination import PageOf, PageParameters, Sorting, SortOrder
from accunode_common.http.trail import Origin
from accunode_common.ids import new_id
from accunode_common.log import get_logger
from accunode_common.models.identity import AuthenticationMethod, RefreshToken, SignInSession
from accunode_identity.memberships import given
from accunode_identity.session_revocation import revoke_session, revoke_user

REFRESH_PREFIX = "rt"

SORTING = Sorting(
    {"created_at": SignInSession.id, "last_seen_at": SignInSession.last_seen_at},
    default="-created_at",
    key=SignInSession.id,
)

logger = get_logger(__name__)


class EndReason(StrEnum):
    """Why a session ended."""

    SIGNED_OUT = "signed_out"
    SIGNED_OUT_EVERYWHERE = "signed_out_everywhere"
    ENDED_ELSEWHERE = "ended_elsewhere"
    TOKEN_REUSED = "token_reused"
    PASSWORD_CHANGED = "password_changed"
    DEACTIVATED = "deactivated"
    EXPIRED = "expired"
    RECLAIMED = "reclaimed"
    NO_MEMBERSHIP = "no_membership"
    SECOND_FACTOR_MISSING = "second_factor_missing"
    ENDED_BY_PROVIDER = "ended_by_provider"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tokens:
    """What a client gets.

    Attributes:
        access_token: A signed token for `subject`.
        refresh_token: Good once.
        expires_at: When the session ends.
        subject: Whom the access token is for.
        membership: The membership it is for.
        second_factor_due_at: Until when working there goes on without a second factor; None once one was shown.
        device_token: For a device that was not known until now; None for others.
        startling: Whether the person is to be told of the device.
    """

    access_token: str
    refresh_token: str
    expires_at: datetime
    subject: Subject
    membership: ActiveMembership
    second_factor_due_at: datetime | None
    device_token: str | None = None
    startling: bool = False

    @property
    def expires_in(self) -> int:
        """Seconds that the access token lives."""
        return int(ACCESS_TOKEN_LIFETIME.total_seconds())


async def current_membership(
    session: AsyncSession, user_id: UUID, *, tenant_id: UUID | None = None
) -> ActiveMembership | None:
    """Where the person worked last, or begins, in one tenant or any: with nobody only if they have joined nobody.

    It stays theirs until the transaction ends, which must be the person's.
    """
    last = await repository.last_membership(session, user_id)
    found = [
        membership
        for membership in await held_memberships(session, user_id)
        if tenant_id in (None, membership.tenant_id)
    ]
    return choose(given(found) or found, last_membership_id=last)


async def begin(
    session: AsyncSession,
    app: Resources,
    *,
    user_id: UUID,
    membership: ActiveMembership,
    origin: Origin,
    methods: Sequence[AuthenticationMethod],
    device_token: str | None = None,
) -> Tokens:
    """Sign a device in; one that is not known gets a token. The transaction must be the person's."""
    now = await moment(session)
    greeting = await devices.greet(session, user_id, device_token, origin)
    first_ever = await repository.last_membership(session, user_id) is None
    user_session = SignInSession(
        id=new_id(),
        user_id=user_id,
        membership_tenant_id=membership.tenant_id,
        membership_id=membership.membership_id,
        device_id=greeting.device.id,
        user_agent=origin.user_agent,
        ip_address=origin.address,
        authentication_methods=sorted(set(methods)),
        expires_at=ends_at(app.settings.sessions, membership.rules, began_at=now, seen_at=now),
    )
    await repository.add(session, user_session)
    tokens = await issue(session, app, user_session, membership, fresh_credential(user_id))
    details = {"new_device": greeting.token is not None, "methods": user_session.authentication_methods}
    await record(session, "session.begin", tokens.subject, origin, details=details)
    return replace(tokens, device_token=greeting.token, startling=greeting.startling and not first_ever)


async def switch(
    session: AsyncSession, app: Resources, subject: Subject, membership_id: UUID, origin: Origin
) -> Tokens:
    """Continue the caller's session in another of their memberships.

    Raises:
        NotFoundError: The caller has no such membership, or its tenant is not in use.
        ForbiddenError: The tenant asks for a second factor, and the session has shown none.
        UnauthenticatedError: The caller has no session: an API key stays where it is.
    """
    await await_changes(session, subject.user_id)
    user_session = await repository.find(session, subject.user_id, subject.session_id, lock=True)
    now = await moment(session)
    if user_session is None or user_session.revoked_at is not None or user_session.expires_at <= now:
        raise UnauthenticatedError("The session has ended.")
    held = await memberships_of_session(session, subject.user_id, subject.session_id)
    membership = next((membership for membership in held if membership.membership_id == membership_id), None)
    if membership is None:
        raise NotFoundError("You have no such membership.")
    if second_factors.overdue(app, membership, user_session.authentication_methods):
        raise ForbiddenError(
            f"{membership.tenant_name} asks for a second factor: show yours at POST /auth/step-up, or enrol one first."
        )
    move(user_session, membership)
    user_session.expires_at = ends_at(
        app.settings.sessions, membership.rules, began_at=user_session.created_at, seen_at=now
    )
    await repository.spend_tokens(session, user_session.id)
    tokens = await issue(session, app, user_session, membership, fresh_credential(subject.user_id))
    details = {"from_tenant_id": str(subject.tenant_id), "from_role": subject.role}
    await record(session, "session.switch", tokens.subject, origin, details=details)
    return tokens


async def prove(
    session: AsyncSession, app: Resources, subject: Subject, method: AuthenticationMethod, origin: Origin
) -> str:
    """An access token for where the caller works, which says that they showed `method` just now; the session notes it.

    Raises:
        UnauthenticatedError: The session has ended, or the caller works there no longer.
        ForbiddenError: The tenant asks for a second factor by now, and the session has shown none.
    """
    await await_changes(session, subject.user_id)
    user_session = await repository.find(session, subject.user_id, subject.session_id, lock=True)
    held = await memberships_of_session(session, subject.user_id, subject.session_id)
    here = (subject.tenant_id, subject.organization_id)
    membership = next(
        (membership for membership in held if (membership.tenant_id, membership.organization_id) == here), None
    )
    now = await moment(session)
    if (
        user_session is None
        or user_session.revoked_at is not None
        or user_session.expires_at <= now
        or membership is None
    ):
        raise UnauthenticatedError("The session has ended.")
    methods = {*user_session.authentication_methods, method}
    if second_factors.overdue(app, membership, methods):
        raise ForbiddenError(f"{membership.tenant_name} asks for a second factor by now: sign in again, and enrol one.")
    await repository.set_methods(session, user_session, methods)
    await record(session, "session.prove", subject, origin, details={"method": method})
    return app.keys.access_token(subject_of(user_session, membership), issued_at=now, proved_at=now)


async def vouched_lately(session: AsyncSession, subject: Subject, *, within: timedelta) -> bool:
    """Whether a tenant's provider signed the caller in so lately that it is as if it vouched for them now."""
    user_session = await repository.find(session, subject.user_id, subject.session_id)
    if user_session is None or AuthenticationMethod.SINGLE_SIGN_ON not in user_session.authentication_methods:
        return False
    return user_session.created_at > await moment(session) - within


async def note_method(session: AsyncSession, subject: Subject, method: AuthenticationMethod) -> None:
    """Note what the caller showed in the session."""
    user_session = await repository.find(session, subject.user_id, subject.session_id, lock=True)
    if user_session is not None:
        await repository.set_methods(session, user_session, {*user_session.authentication_methods, method})


async def active(
    session: AsyncSession, subject: Subject, order: SortOrder, paging: PageParameters
) -> PageOf[SignInSession]:
    """The caller's sessions that have not ended."""
    return await repository.page(session, subject.user_id, order, paging)


async def end_one(
    session: AsyncSession, revocations: Revocations, subject: Subject, session_id: UUID, origin: Origin
) -> None:
    """End one of the caller's sessions at once, in every service.

    Raises:
        NotFoundError: The caller has no such session that is still on.
    """
    user_session = await repository.find(session, subject.user_id, session_id, lock=True)
    if user_session is None or user_session.revoked_at is not None:
        raise NotFoundError("You have no such session.")
    await end(session, revocations, [session_id], EndReason.ENDED_ELSEWHERE)
    await record(session, "session.end", subject, origin, resource_id=session_id)


async def end_own(session: AsyncSession, revocations: Revocations, subject: Subject, origin: Origin) -> None:
    """End the caller's session, or make an API key's tokens void; once more changes nothing."""
    await end(session, revocations, [subject.session_id], EndReason.SIGNED_OUT)
    await record(session, "session.end", subject, origin)


async def end_all(session: AsyncSession, revocations: Revocations, subject: Subject, origin: Origin) -> None:
    """End every session of the caller, and make every token they have void."""
    ids = await repository.active_ids(session, subject.user_id)
    await end(session, revocations, ids, EndReason.SIGNED_OUT_EVERYWHERE)
    await revoke_user(session, revocations, subject.user_id)
    await record(session, "session.end_all", subject, origin, details={"sessions": len(ids)})


async def end_others(
    session: AsyncSession, revocations: Revocations, user_id: UUID, *, keep: UUID | None, reason: EndReason
) -> int:
    """End a person's sessions but the one to keep; gives how many."""
    ids = [session_id for session_id in await repository.active_ids(session, user_id) if session_id != keep]
    await end(session, revocations, ids, reason)
    return len(ids)


async def end_some(
    session: AsyncSession, revocations: Revocations, user_id: UUID, session_ids: Collection[UUID], reason: EndReason
) -> int:
    """End those of a person's sessions that are still on; gives how many."""
    ids = [session_id for session_id in await repository.active_ids(session, user_id) if session_id in session_ids]
    await end(session, revocations, ids, reason)
    return len(ids)


async def memberships_of_session(session: AsyncSession, user_id: UUID, session_id: UUID) -> list[ActiveMembership]:
    """Where a session may work, held: one that a tenant's provider vouched for, in that tenant only.

    Nowhere, if the tenant that manages the account has made its provider the only way in since the session began.
    """
    found = await held_memberships(session, user_id)
    user_session = await repository.find(session, user_id, session_id)
    if user_session is None or await connections.enforced(session, user_id, user_session.authentication_methods):
        return []
    tenant_id = await repository.vouching_tenant(session, user_id, session_id)
    return [membership for membership in found if tenant_id in (None, membership.tenant_id)]


async def end(session: AsyncSession, revocations: Revocations, session_ids: Sequence[UUID], reason: EndReason) -> None:
    """End sessions at once, in every service."""
    await repository.end(session, session_ids, reason=reason)
    await revoke_session(session, revocations, *session_ids)


def fresh_credential(user_id: UUID) -> Credential:
    """The first refresh token of a chain."""
    return Credential.new(REFRESH_PREFIX, user_id, new_id())


def move(user_session: SignInSession, membership: ActiveMembership) -> None:
    """Switch the session to a membership."""
    user_session.membership_tenant_id, user_session.membership_id = membership.tenant_id, membership.membership_id


async def issue(
    session: AsyncSession,
    app: Resources,
    user_session: SignInSession,
    membership: ActiveMembership,
    credential: Credential,
) -> Tokens:
    """Tokens for the session, with a refresh token that is new."""
    await repository.add_token(
        session,
        RefreshToken(
            id=credential.ids[1], user_id=user_session.user_id, session_id=user_session.id, token_hash=credential.hash
        ),
    )
    return await tokens_for(session, app, user_session, membership, credential)


async def tokens_for(
    session: AsyncSession,
    app: Resources,
    user_session: SignInSession,
    membership: ActiveMembership,
    credential: Credential,
) -> Tokens:
    """Tokens for the session, with a refresh token that is its newest."""
    subject = subject_of(user_session, membership)
    return Tokens(
        access_token=app.keys.access_token(subject, issued_at=await moment(session)),
        refresh_token=credential.text,
        expires_at=user_session.expires_at,
        subject=subject,
        membership=membership,
        second_factor_due_at=None
        if second_factors.shown(user_session.authentication_methods)
        else second_factors.due_at(app, membership),
    )


def subject_of(user_session: SignInSession, membership: ActiveMembership) -> Subject:
    """Whom the session's tokens are for."""
    return Subject(
        user_id=user_session.user_id,
        tenant_id=membership.tenant_id,
        organization_id=membership.organization_id,
        role=membership.role,
        session_id=user_session.id,
    )


async def record(
    session: AsyncSession,
    action: str,
    subject: Subject,
    origin: Origin,
    *,
    resource_id: UUID | None = None,
    details: Mapping[str, object] | None = None,
) -> None:
    """Add an event about the session to the trail of its tenant."""
    async with acting_as(session, subject.access):
        await audit.record(
            session,
            origin.entry(
                action,
                "session",
                resource_id or subject.session_id,
                tenant_id=subject.tenant_id,
                actor_id=subject.user_id,
                actor_role=subject.role,
                organization_id=subject.organization_id,
                details=details,
            ),
        )
