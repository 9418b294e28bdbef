"""Who may sign in. Every refusal looks and takes the same, whatever its reason."""

import contextlib
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from accunode_auth.devices import service as devices
from accunode_auth.discretion import discreetly
from accunode_auth.memberships import service as memberships
from accunode_auth.mfa import service as mfa
from accunode_auth.notices.service import CredentialChange, Notices
from accunode_auth.passkeys import service as passkeys
from accunode_auth.passkeys.challenges import Ceremony
from accunode_auth.passkeys.schemas import ShownCredential
from accunode_auth.registration import service as registration
from accunode_auth.resources import Resources
from accunode_auth.second_factors import service as second_factors
from accunode_auth.second_factors.service import Factor
from accunode_auth.sessions import service as sessions
from accunode_auth.sign_in import guesses, repository
from accunode_auth.sso_connections import service as connections
from accunode_common.auth.credentials import Credential
from accunode_common.db.session import AccessContext
from accunode_common.emails import email_key
from accunode_common.errors import ForbiddenError, GoneError, UnauthenticatedError
from accunode_common.http.trail import Origin
from accunode_common.log import get_logger
from accunode_common.models.identity import AuthenticationMethod, TokenPurpose, UserStatus

CHALLENGE_LIFETIME = timedelta(minutes=5)
ENROLMENT_LIFETIME = timedelta(minutes=15)
_REFUSED = "The e-mail address or the password is wrong, or the account is not active."
_CHALLENGE_REFUSED = "The challenge, or what was shown, is wrong, used, or too late."
_PASSKEY_REFUSED = "The passkey is not known here, or its signature is wrong or too late."

logger = get_logger(__name__)


class SingleSignOnRequiredError(ForbiddenError):
    """What was shown is right, and the tenant that manages the account lets nobody in with it."""

    code = "single_sign_on_required"
    title = "Sign in through your organization"


@dataclass(frozen=True, slots=True)
class Challenge:
    """The first step was right; a second one is needed.

    Attributes:
        text: Good once, for the second step.
        expires_in: Seconds until it is void.
        factors: What the second step can be.
    """

    text: str
    expires_in: int
    factors: list[Factor]


@dataclass(frozen=True, slots=True)
class EnrolmentDemand:
    """What was shown is right, and does not do any more: a second factor must be enrolled first.

    Attributes:
        text: Opens the enrolment of one factor, which completes the sign-in.
        expires_in: Seconds until it is void.
    """

    text: str
    expires_in: int


Outcome = sessions.Tokens | Challenge | EnrolmentDemand


async def sign_in(
    app: Resources, email: str, password: str, origin: Origin, device_token: str | None = None
) -> Outcome:
    """Begin a session for the person of that address, or ask for the second step.

    Raises:
        UnauthenticatedError: Address or password is wrong, or the account is deactivated.
        SingleSignOnRequiredError: See `begin_session`.
        RateLimitedError: It comes too early after others that failed, whether or not the address is anybody's.
    """
    candidate = await find(app, email)
    known = await _known_device(app, candidate, device_token)
    guess = await guesses.begin(app, app.settings.anonymous.limit_scale, email, origin, known)
    async with contextlib.AsyncExitStack() as discretion:
        await discretion.enter_async_context(discreetly(app.settings.anonymous.reply_time))
        matches = await app.passwords.verify(password, candidate.password_hash if candidate else None)
        if candidate is None or not matches or candidate.status != UserStatus.ACTIVE:
            if candidate is not None:
                await _note_failure(app, candidate.id, origin)
            logger.info("sign-in refused", known=candidate is not None, right=matches)
            raise UnauthenticatedError(_REFUSED)
        discretion.pop_all()
    await guess.was_right(app)
    owner = AccessContext(user_id=candidate.id)
    fresh_hash = None
    if candidate.password_hash is not None and app.passwords.outdated(candidate.password_hash):
        fresh_hash = await app.passwords.hash(password)
    async with _noting_refusal(app, candidate.id, origin), app.database.transaction(owner) as session:
        if not await repository.hold_password(session, candidate.id, candidate.password_hash):
            raise UnauthenticatedError(_REFUSED)
        if fresh_hash is not None:
            await repository.replace_hash(session, candidate.id, fresh_hash)
        methods = [AuthenticationMethod.PASSWORD]
        return await begin_session(session, app, candidate.id, origin, methods=methods, device_token=device_token)


async def complete_challenge(
    app: Resources,
    text: str,
    shown: str | ShownCredential,
    origin: Origin,
    device_token: str | None = None,
) -> Outcome:
    """Begin a session with the second step: a code or a passkey.

    Raises:
        UnauthenticatedError: The challenge, or what was shown, is wrong, used, or too late.
        RateLimitedError: Too many tries.
    """
    credential = _parse_challenge(text)
    user_id = credential.ids[0]
    (await app.limiter.take(mfa.TRIES, caller=str(user_id))).enforce()
    try:
        async with app.database.transaction(AccessContext(user_id=user_id)) as session:
            before = await registration.spend_token(session, TokenPurpose.MFA_CHALLENGE, credential)
            if isinstance(shown, str):
                method = await mfa.check(session, app, user_id, shown)
            else:
                method = await passkeys.check(session, app, Ceremony.SECOND_STEP, user_id, shown)
            if method is None:
                raise UnauthenticatedError(_CHALLENGE_REFUSED)
            methods = [*before, method]
            return await begin_session(session, app, user_id, origin, methods=methods, device_token=device_token)
    except GoneError:
        raise UnauthenticatedError(_CHALLENGE_REFUSED) from None
    except (UnauthenticatedError, SingleSignOnRequiredError):
        await _note_failure(app, user_id, origin)
        raise


async def announce(app: Resources, notices: Notices, outcome: Outcome) -> Outcome:
    """The outcome, of which its person is told by mail if it let in a device that they may not know."""
    if isinstance(outcome, sessions.Tokens) and outcome.startling:
        user_id = outcome.subject.user_id
        async with app.database.transaction(AccessContext(user_id=user_id)) as session:
            await notices.tell(session, user_id, CredentialChange.NEW_DEVICE)
    return outcome


async def challenge_options(app: Resources, text: str) -> dict[str, Any]:
    """What a browser needs to take the second step with a passkey.

    Raises:
        UnauthenticatedError: The challenge is wrong, used, or too late.
        NotFoundError: The person has no passkey.
    """
    credential = _parse_challenge(text)
    user_id = credential.ids[0]
    try:
        async with app.database.transaction(AccessContext(user_id=user_id)) as session:
            await registration.require_token(session, TokenPurpose.MFA_CHALLENGE, credential)
            return await passkeys.request_options(session, app, Ceremony.SECOND_STEP, user_id)
    except GoneError:
        raise UnauthenticatedError(_CHALLENGE_REFUSED) from None


def _parse_challenge(text: str) -> Credential:
    try:
        return registration.parse_token(TokenPurpose.MFA_CHALLENGE, text)
    except GoneError:
        raise UnauthenticatedError(_CHALLENGE_REFUSED) from None


async def sign_in_with_passkey(
    app: Resources, credential: ShownCredential, origin: Origin, device_token: str | None
) -> Outcome:
    """Begin a session with a passkey alone, which its authenticator lets nobody use but its owner.

    Raises:
        UnauthenticatedError: The passkey is nobody's, its signature is wrong, or its owner may not sign in.
    """
    user_id = passkeys.owner_of(credential)
    if user_id is None:
        raise UnauthenticatedError(_PASSKEY_REFUSED)
    owner = AccessContext(user_id=user_id)
    async with _noting_refusal(app, user_id, origin), app.database.transaction(owner) as session:
        method = await passkeys.check(session, app, Ceremony.SIGN_IN, user_id, credential)
        if method is None:
            logger.info("sign-in refused", known=method is not None)
            raise UnauthenticatedError(_PASSKEY_REFUSED)
        return await begin_session(session, app, user_id, origin, methods=[method], device_token=device_token)


async def find(app: Resources, email: str) -> repository.Candidate | None:
    """The person of that address, before anybody is signed in."""
    async with app.database.transaction(AccessContext()) as session:
        return await repository.find(session, email_key(email))


async def candidate(session: AsyncSession, key: str) -> repository.Candidate | None:
    """The person of that address's key, whoever the transaction is for."""
    return await repository.find(session, key)


async def forget_failures(app: Resources, email: str) -> None:
    """Let an address try again at once."""
    await guesses.forget(app, email)


async def _known_device(app: Resources, candidate: repository.Candidate | None, text: str | None) -> UUID | None:
    if candidate is None or text is None:
        return None
    async with app.database.transaction(AccessContext(user_id=candidate.id)) as session:
        device = await devices.recognise(session, candidate.id, text)
    return device.id if device is not None else None


async def begin_session(
    session: AsyncSession,
    app: Resources,
    user_id: UUID,
    origin: Origin,
    *,
    methods: Sequence[AuthenticationMethod],
    device_token: str | None = None,
) -> Outcome:
    """Sign in a person who has shown who they are, by `methods`: every way of signing in ends here.

    Who has a second factor and did not show it is asked for it; who must have one and has none enrols it first.

    Raises:
        SingleSignOnRequiredError: The tenant that manages the account lets its provider alone sign its owner in.
        UnauthenticatedError: The account is not active, or has nowhere to work.
    """
    if not second_factors.shown(methods):
        held = await second_factors.held(session, user_id)
        if held.count:
            purpose, lifetime = TokenPurpose.MFA_CHALLENGE, CHALLENGE_LIFETIME
            text = await registration.issue_token(session, user_id, purpose, lifetime, methods=methods)
            return Challenge(text, int(lifetime.total_seconds()), Factor.of(held))
    if await connections.enforced(session, user_id, methods):
        raise SingleSignOnRequiredError("Your organization manages this account; sign in through its single sign-on.")
    await note_success(session, user_id)
    membership = await sessions.current_membership(session, user_id)
    if membership is None:
        raise UnauthenticatedError("The account has no membership in a tenant that is in use.")
    if second_factors.overdue(app, membership, methods):
        purpose, lifetime = TokenPurpose.ENROLMENT, ENROLMENT_LIFETIME
        text = await registration.issue_token(session, user_id, purpose, lifetime, methods=methods)
        return EnrolmentDemand(text, int(lifetime.total_seconds()))
    return await sessions.begin(
        session, app, user_id=user_id, membership=membership, origin=origin, methods=methods, device_token=device_token
    )


async def note_success(session: AsyncSession, user_id: UUID) -> None:
    """Note the moment. The transaction's context must be the person's.

    Raises:
        UnauthenticatedError: The account is not active.
    """
    if not await repository.count_success(session, user_id):
        raise UnauthenticatedError("The account is not active.")


@contextlib.asynccontextmanager
async def _noting_refusal(app: Resources, user_id: UUID, origin: Origin) -> AsyncIterator[None]:
    try:
        yield
    except SingleSignOnRequiredError:
        await _note_failure(app, user_id, origin)
        raise


async def _note_failure(app: Resources, user_id: UUID, origin: Origin) -> None:
    async with app.database.transaction(AccessContext(user_id=user_id)) as session:
        membership = await sessions.current_membership(session, user_id)
        if membership is not None:
            entry = origin.entry(
                "session.refuse",
                "user",
                user_id,
                tenant_id=membership.tenant_id,
                organization_id=membership.organization_id,
            )
            await memberships.record_for_tenants(session, user_id, entry)
