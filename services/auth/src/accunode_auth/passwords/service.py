"""Changing a password, and resetting one that was forgotten. Either ends the sessions that the old one began."""

from datetime import timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from accunode_auth.accounts import service as accounts
from accunode_auth.devices import service as devices
from accunode_auth.limits import LimitClass, mail_due
from accunode_auth.memberships import service as memberships
from accunode_auth.notices.service import CredentialChange, Notices
from accunode_auth.passwords import repository
from accunode_auth.registration import service as registration
from accunode_auth.resources import Resources
from accunode_auth.sessions import service as sessions
from accunode_auth.sign_in import service as sign_in
from accunode_common.auth.subject import Subject
from accunode_common.db.session import AccessContext
from accunode_common.emails import email_key
from accunode_common.errors import ConflictError, ForbiddenError, GoneError, UnprocessableInputError
from accunode_common.http.mails import DeferredMailer
from accunode_common.http.trail import Origin, Trail
from accunode_common.ids import PLATFORM_TENANT_ID
from accunode_common.mail import Mail
from accunode_common.models.identity import TokenPurpose, User, UserStatus
from accunode_common.ratelimit import RateLimit
from accunode_identity.password_policy import refuse_personal

RESET_LIFETIME = timedelta(hours=1)
"""As long as no other mail is sent, so that the latest token is always good."""
CHANGES = RateLimit("password-change", 10, 900)


async def change(
    session: AsyncSession,
    app: Resources,
    subject: Subject,
    trail: Trail,
    notices: Notices,
    *,
    current: str,
    new: str,
) -> None:
    """Replace the caller's password, and end their other sessions.

    Raises:
        ForbiddenError: The current password is wrong.
        UnprocessableInputError: The new one is the old one, or made of what is known of the person.
        ConflictError: The password was changed by another request meanwhile.
        RateLimitedError: Too many tries.
    """
    (await app.limiter.take(CHANGES, caller=str(subject.user_id))).enforce()
    user = await repository.find(session, subject.user_id)
    if user is None or not await app.passwords.verify(current, user.password_hash):
        raise ForbiddenError("The current password is wrong.")
    if current == new:
        raise UnprocessableInputError.at("/body/new_password", "same_password", "This is the current password.")
    await _refuse_personal(session, user, new)
    fresh = await app.passwords.hash(new)
    if not await repository.replace(session, subject.user_id, expected=user.password_hash, password_hash=fresh):
        raise ConflictError("The password was changed meanwhile.")
    await registration.withdraw_all_tokens(session, subject.user_id)
    ended = await sessions.end_others(
        session,
        app.revocations,
        subject.user_id,
        keep=subject.session_id,
        reason=sessions.EndReason.PASSWORD_CHANGED,
    )
    await trail.record(session, "password.change", "user", subject.user_id, details={"sessions_ended": ended})
    await notices.tell(session, subject.user_id, CredentialChange.PASSWORD_CHANGED)


async def matches(session: AsyncSession, app: Resources, user_id: UUID, password: str) -> bool:
    """Whether it is the person's password. The transaction's context must be the person's."""
    user = await repository.find(session, user_id)
    return user is not None and await app.passwords.verify(password, user.password_hash)


async def has_one(session: AsyncSession, user_id: UUID) -> bool:
    """Whether the person has a password. The transaction's context must be the person's."""
    user = await repository.find(session, user_id)
    return user is not None and user.password_hash is not None


async def request_reset(app: Resources, mails: DeferredMailer, email: str, origin: Origin) -> None:
    """Mail a single-use token to the person of that address, if there is one."""
    key = email_key(email)
    candidate = await sign_in.find(app, email)
    if candidate is None or candidate.status != UserStatus.ACTIVE:
        return
    if not await mail_due(app, LimitClass.RESET_MAIL, email):
        return
    context = AccessContext(tenant_id=PLATFORM_TENANT_ID, user_id=candidate.id)
    async with app.database.transaction(context) as session:
        token = await registration.issue_token(session, candidate.id, TokenPurpose.RESET_PASSWORD, RESET_LIFETIME)
        user = await repository.find(session, candidate.id)
        await _record(session, "password.request_reset", candidate.id, origin)
    mails.send(_reset_mail(app, user.email if user else key, token))


async def reset(app: Resources, notices: Notices, text: str, new: str, origin: Origin) -> str:
    """Set a new password with a mailed token; ends every session, and shows that the address is the person's.

    Delays that others caused by guessing end, and every device but this one is new again; gives this one's token.

    Raises:
        GoneError: The token is unknown, used or expired.
        UnprocessableInputError: The password is made of what is known of the person.
    """
    credential = registration.parse_token(TokenPurpose.RESET_PASSWORD, text)
    user_id = credential.ids[0]
    context = AccessContext(tenant_id=PLATFORM_TENANT_ID, user_id=user_id)
    fresh = await app.passwords.hash(new)
    async with app.database.transaction(context) as session:
        await registration.spend_token(session, TokenPurpose.RESET_PASSWORD, credential)
        user = await repository.find(session, user_id)
        if user is None or user.status != UserStatus.ACTIVE:
            raise GoneError("The token is not valid, or no longer.")
        await _refuse_personal(session, user, new)
        if user.email_verified_at is None:
            await accounts.reclaim(session, app.revocations, user_id)
        await repository.replace(session, user_id, expected=user.password_hash, password_hash=fresh)
        await registration.withdraw_all_tokens(session, user_id)
        await registration.confirm_email(session, user_id)
        await devices.forget(session, user_id)
        device_token = await devices.introduce(session, user_id, origin)
        await sessions.end_others(
            session, app.revocations, user_id, keep=None, reason=sessions.EndReason.PASSWORD_CHANGED
        )
        await _record(session, "password.reset", user_id, origin)
    await sign_in.forget_failures(app, user.email)
    notices.tell_address(user.email, CredentialChange.PASSWORD_RESET)
    return device_token


async def _refuse_personal(session: AsyncSession, user: User, password: str) -> None:
    """Refuse a password made of the person's address, name or memberships."""
    held = await memberships.active_memberships(session, user.id)
    names = (
        name
        for membership in held
        for name in (membership.tenant_name, membership.organization_name)
        if name is not None
    )
    refuse_personal(password, (user.email, user.full_name, *names), pointer="/body/new_password")


async def _record(session: AsyncSession, action: str, user_id: UUID, origin: Origin) -> None:
    entry = origin.entry(action, "user", user_id, tenant_id=PLATFORM_TENANT_ID)
    await memberships.record_for_tenants(session, user_id, entry)


def _reset_mail(app: Resources, address: str, token: str) -> Mail:
    return Mail(
        to=address,
        subject="Reset your AccuNode password",
        text=(
            "Somebody, perhaps you, asked to reset your password. To set a new one, send the token below to\n"
            f"POST {app.settings.public.url}/api/v1/auth/reset-password within an hour:\n\n{token}\n\n"
            "If it was not you, do nothing: the password stays as it is.\n"
        ),
    )
