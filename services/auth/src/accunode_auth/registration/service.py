"""Accounts are made without telling whether the address had one."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from accunode_auth.limits import LimitClass, mail_due
from accunode_auth.registration import repository
from accunode_auth.registration.schemas import RegisterIn
from accunode_auth.resources import Resources
from accunode_common import audit
from accunode_common.auth.credentials import Credential
from accunode_common.auth.roles import Role
from accunode_common.db.session import AccessContext
from accunode_common.emails import email_key
from accunode_common.errors import ForbiddenError, GoneError
from accunode_common.http.mails import DeferredMailer
from accunode_common.http.trail import Origin
from accunode_common.ids import PLATFORM_TENANT_ID, new_id
from accunode_common.mail import Mail
from accunode_common.models.identity import AuthenticationMethod, OneTimeToken, TokenPurpose
from accunode_common.ratelimit import RateLimit
from accunode_identity.password_policy import refuse_personal

VERIFICATION_LIFETIME = timedelta(days=3)
CONFIRMATIONS = RateLimit("confirmation", 10, 900)

_PREFIXES = {
    TokenPurpose.VERIFY_EMAIL: "ev",
    TokenPurpose.RESET_PASSWORD: "pr",
    TokenPurpose.MFA_CHALLENGE: "mc",
    TokenPurpose.ENROLMENT: "en",
    TokenPurpose.CHANGE_EMAIL: "ce",
}


async def register(app: Resources, mails: DeferredMailer, body: RegisterIn, origin: Origin) -> None:
    """Make the account, unless the address has one; either way its owner gets a mail, one an hour.

    Raises:
        UnprocessableInputError: The password is made of the address or the name.
    """
    refuse_personal(body.password, (body.email, body.full_name), pointer="/body/password")
    password_hash = await app.passwords.hash(body.password)
    user_id = new_id()
    context = AccessContext(tenant_id=PLATFORM_TENANT_ID, user_id=user_id)
    async with app.database.transaction(context) as session:
        added = await repository.add_user(
            session,
            user_id=user_id,
            email=body.email,
            email_key=email_key(body.email),
            full_name=body.full_name,
            password_hash=password_hash,
        )
        if not added:
            if await mail_due(app, LimitClass.REGISTRATION_MAIL, body.email):
                mails.send(_known_address_mail(app, body.email))
            return
        await repository.add_membership(session, user_id)
        token = await issue_token(session, user_id, TokenPurpose.VERIFY_EMAIL, VERIFICATION_LIFETIME)
        await audit.record(
            session,
            origin.entry(
                "user.register", "user", user_id, tenant_id=PLATFORM_TENANT_ID, actor_id=user_id, actor_role=Role.USER
            ),
        )
    if await mail_due(app, LimitClass.REGISTRATION_MAIL, body.email):
        mails.send(verification_mail(app, body.email, token))


async def add_account(session: AsyncSession, user_id: UUID, email: str) -> bool:
    """Make an account that has joined nobody; gives False if the address has one. The context must be the person's."""
    added = await repository.add_user(
        session, user_id=user_id, email=email, email_key=email_key(email), full_name="", password_hash=None
    )
    if added:
        await repository.add_membership(session, user_id)
    return added


async def issue_token(
    session: AsyncSession,
    user_id: UUID,
    purpose: TokenPurpose,
    lifetime: timedelta,
    *,
    methods: Sequence[AuthenticationMethod] = (),
    email: str | None = None,
) -> str:
    """A fresh one-time token, of a person who showed `methods`; earlier ones of the same purpose are void.

    One that proves another address than the person's knows that `email`.
    """
    await repository.withdraw_tokens(session, user_id, purpose=purpose)
    credential = Credential.new(_PREFIXES[purpose], user_id, new_id())
    await repository.add_token(
        session,
        OneTimeToken(
            id=credential.ids[1],
            user_id=user_id,
            purpose=purpose,
            token_hash=credential.hash,
            authentication_methods=list(methods),
            email=email,
            expires_at=datetime.now(UTC) + lifetime,
        ),
    )
    return credential.text


def parse_token(purpose: TokenPurpose, text: str) -> Credential:
    """The one-time token that `text` writes.

    Raises:
        GoneError: It writes none.
    """
    credential = Credential.parse(_PREFIXES[purpose], text, ids=2)
    if credential is None:
        raise GoneError("The token is not valid, or no longer.")
    return credential


async def spend_token(
    session: AsyncSession, purpose: TokenPurpose, credential: Credential
) -> list[AuthenticationMethod]:
    """Use a one-time token up; gives what was shown for it. The transaction's context must be its owner's.

    Raises:
        GoneError: It is unknown, used or expired.
    """
    row = await _spend(session, purpose, credential)
    return [AuthenticationMethod(method) for method in row.authentication_methods]


async def spend_mailed_token(session: AsyncSession, purpose: TokenPurpose, credential: Credential) -> str:
    """Use up a one-time token that proves another address; gives that. The context must be its owner's.

    Raises:
        GoneError: It is unknown, used or expired.
    """
    row = await _spend(session, purpose, credential)
    if row.email is None:
        raise GoneError("The token is not valid, or no longer.")
    return row.email


async def withdraw_tokens(session: AsyncSession, user_id: UUID, purpose: TokenPurpose) -> None:
    """Make the person's tokens of that purpose void."""
    await repository.withdraw_tokens(session, user_id, purpose=purpose)


async def withdraw_all_tokens(session: AsyncSession, user_id: UUID) -> None:
    """Make void whatever was begun with a password that is no longer good, for it may have been a stranger who did.

    A token that verifies the address stays: it does nothing but that, and asks for the password of the day.
    """
    for purpose in TokenPurpose:
        if purpose != TokenPurpose.VERIFY_EMAIL:
            await repository.withdraw_tokens(session, user_id, purpose=purpose)


async def _spend(session: AsyncSession, purpose: TokenPurpose, credential: Credential) -> OneTimeToken:
    row = await repository.spend_token(session, credential.ids[1], purpose=purpose, now=datetime.now(UTC))
    if row is None or not credential.matches(row.token_hash):
        raise GoneError("The token is not valid, or no longer.")
    return row


async def require_token(session: AsyncSession, purpose: TokenPurpose, credential: Credential) -> None:
    """Refuse a token that is not good; one that is stays so. The transaction's context must be its owner's.

    Raises:
        GoneError: It is unknown, used or expired.
    """
    row = await repository.find_token(session, credential.ids[1], purpose=purpose, now=datetime.now(UTC))
    if row is None or not credential.matches(row.token_hash):
        raise GoneError("The token is not valid, or no longer.")


async def verify_email(app: Resources, text: str, password: str, origin: Origin) -> None:
    """Note that a mailed token came back, from whoever made the account: another reader of the mail made none.

    Raises:
        GoneError: The token is unknown, used or expired.
        ForbiddenError: The password is not the account's; the token stays good.
        RateLimitedError: Too many tries.
    """
    credential = parse_token(TokenPurpose.VERIFY_EMAIL, text)
    user_id = credential.ids[0]
    async with app.database.transaction(AccessContext(tenant_id=PLATFORM_TENANT_ID, user_id=user_id)) as session:
        await spend_token(session, TokenPurpose.VERIFY_EMAIL, credential)
        await require_password(session, app, user_id, password)
        await repository.verify_email(session, user_id)
        await audit.record(
            session,
            origin.entry("user.verify_email", "user", user_id, tenant_id=PLATFORM_TENANT_ID, actor_id=user_id),
        )


async def require_password(session: AsyncSession, app: Resources, user_id: UUID, password: str) -> None:
    """Refuse to confirm an address without the account's password: it may be another who reads the mail.

    Raises:
        ForbiddenError: The password is not the account's.
        RateLimitedError: Too many tries.
    """
    (await app.limiter.take(CONFIRMATIONS, caller=str(user_id))).enforce()
    if not await app.passwords.verify(password, await repository.password_hash(session, user_id)):
        raise ForbiddenError("The password is not the account's; confirm no address for an account that is not yours.")


async def confirm_email(session: AsyncSession, user_id: UUID) -> None:
    """Note that the person's address is theirs. The transaction's context must be the person's."""
    await repository.verify_email(session, user_id)


def verification_mail(app: Resources, address: str, token: str) -> Mail:
    """The mail that asks a new user to show that the address is theirs."""
    return Mail(
        to=address,
        subject="Confirm your AccuNode account",
        text=(
            "Welcome to AccuNode.\n\nConfirm this address by sending the token below, with your password, to\n"
            f"POST {app.settings.public.url}/api/v1/auth/verify-email within three days:\n\n{token}\n\n"
            "If you did not register, do nothing.\n"
        ),
    )


def _known_address_mail(app: Resources, address: str) -> Mail:
    return Mail(
        to=address,
        subject="Your AccuNode account",
        text=(
            "Somebody, perhaps you, tried to register this address with AccuNode. It has an account already.\n\n"
            f"If you forgot the password: POST {app.settings.public.url}/api/v1/auth/forgot-password\n"
        ),
    )
