"""A person moves to another address by a token that is mailed there; the old address is told."""

from datetime import timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from accunode_auth.addresses import repository
from accunode_auth.limits import LimitClass, mail_due
from accunode_auth.memberships import service as memberships
from accunode_auth.notices.service import CredentialChange, Notices
from accunode_auth.registration import service as registration
from accunode_auth.resources import Resources
from accunode_auth.sign_in import service as sign_in
from accunode_common.auth.subject import Subject
from accunode_common.db.session import AccessContext
from accunode_common.emails import email_key
from accunode_common.errors import GoneError
from accunode_common.http.mails import DeferredMailer
from accunode_common.http.trail import Origin, Trail
from accunode_common.ids import PLATFORM_TENANT_ID
from accunode_common.mail import Mail
from accunode_common.models.identity import TokenPurpose
from accunode_common.ratelimit import RateLimit

LIFETIME = timedelta(hours=1)
CHANGES = RateLimit("address-change", 3, 3600)


async def request(
    session: AsyncSession,
    app: Resources,
    subject: Subject,
    trail: Trail,
    mails: DeferredMailer,
    email: str,
) -> None:
    """Mail the new address; not if it has an account, which the caller does not learn, or got a mail lately.

    Raises:
        RateLimitedError: The caller asked too often.
    """
    (await app.limiter.take(CHANGES, caller=str(subject.user_id))).enforce()
    await trail.record(session, "user.request_email_change", "user", subject.user_id)
    if await sign_in.find(app, email) is not None:
        return
    if not await mail_due(app, LimitClass.ADDRESS_MAIL, email):
        return
    token = await registration.issue_token(session, subject.user_id, TokenPurpose.CHANGE_EMAIL, LIFETIME, email=email)
    mail = Mail(
        to=email,
        subject="Confirm your new address for AccuNode",
        text=(
            "Somebody, perhaps you, wants to sign in to AccuNode with this address from now on. To confirm it, send\n"
            "the token below, with the account's password, to\n"
            f"POST {app.settings.public.url}/api/v1/auth/change-email/confirm within an hour:\n\n"
            f"{token}\n\nIf it was not you, do nothing.\n"
        ),
    )
    mails.send(mail)


async def confirm(app: Resources, notices: Notices, origin: Origin, text: str, password: str) -> None:
    """Move the person to the address that the token was mailed to; tokens mailed to the old one are void.

    Raises:
        GoneError: The token is unknown, used or expired, or somebody has the address by now.
        ForbiddenError: The password is not the account's; the token stays good.
        RateLimitedError: Too many tries.
    """
    credential = registration.parse_token(TokenPurpose.CHANGE_EMAIL, text)
    user_id = credential.ids[0]
    async with app.database.transaction(AccessContext(tenant_id=PLATFORM_TENANT_ID, user_id=user_id)) as session:
        email = await registration.spend_mailed_token(session, TokenPurpose.CHANGE_EMAIL, credential)
        await registration.require_password(session, app, user_id, password)
        old = await repository.email_of_active(session, user_id)
        if old is None or not await repository.replace(session, user_id, email=email, email_key=email_key(email)):
            raise GoneError("The token is not valid, or no longer.")
        for purpose in (TokenPurpose.RESET_PASSWORD, TokenPurpose.VERIFY_EMAIL):
            await registration.withdraw_tokens(session, user_id, purpose)
        entry = origin.entry("user.change_email", "user", user_id, tenant_id=PLATFORM_TENANT_ID, actor_id=user_id)
        await memberships.record_for_tenants(session, user_id, entry)
    notices.tell_address(old, CredentialChange.EMAIL_CHANGED)
