"""Who may sign in. Every refusal looks and takes the same, whatever its reason."""

import contextlib
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from accunode_auth.memberships import service as memberships
from accunode_auth.mfa import service as mfa
from accunode_auth.parts import Origin, Parts
from accunode_auth.registration import service as registration
from accunode_auth.sessions import service as sessions
from accunode_auth.sign_in import repository
from accunode_common.audit import AuditEntry
from accunode_common.db.session import AccessContext
from accunode_common.emails import email_key
from accunode_common.errors import GoneError, UnauthenticatedError
from accunode_common.http.resources import Resources
from accunode_common.log import get_logger
from accunode_common.models.identity import AuthenticationMethod, TokenPurpose, UserStatus
from accunode_common.ratelimit import RateLimit

LOCK_AFTER = 10
LOCK_FOR = timedelta(minutes=15)
FAILURES = RateLimit("sign-in-failures", LOCK_AFTER, int(LOCK_FOR.total_seconds()))

CHALLENGE_LIFETIME = timedelta(minutes=5)
_CHALLENGE_REFUSED = "The challenge or the code is wrong, or too late."

logger = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Challenge:
    """The password was right; a second step is needed.

    Attributes:
        text: Good once, for the second step.
        expires_in: Seconds until it is void.
    """

    text: str
    expires_in: int


async def sign_in(
    app: Resources, parts: Parts, email: str, password: str, origin: Origin, device_token: str | None = None
) -> sessions.Tokens | Challenge:
    """Begin a session for the person of that address, or ask for the second step.

    Raises:
        UnauthenticatedError: Address or password is wrong, or the account is locked or deactivated.
        RateLimitedError: The address failed too often, whether or not it is anybody's.
    """
    # Counted before the password is checked, so that guesses made at the same moment count too.
    (await app.limiter.take(FAILURES, caller=_failure_key(email))).enforce()
    candidate = await find(app, email)
    async with contextlib.AsyncExitStack() as discretion:
        await discretion.enter_async_context(parts.discreetly())
        matches = await parts.passwords.verify(password, candidate.password_hash if candidate else None)
        if candidate is None or not matches or not _may_sign_in(candidate):
            if candidate is not None:
                await _note_failure(app, candidate.id, origin, count=not matches)
            logger.info("sign-in refused", known=candidate is not None, right=matches)
            raise UnauthenticatedError("The e-mail address or the password is wrong, or the account is locked.")
        discretion.pop_all()
    await forget_failures(app, email)
    fresh_hash = None
    if candidate.password_hash is not None and parts.passwords.outdated(candidate.password_hash):
        fresh_hash = await parts.passwords.hash(password)
    async with app.database.transaction(AccessContext(user_id=candidate.id)) as db:
        if fresh_hash is not None:
            await repository.replace_hash(db, candidate.id, fresh_hash)
        if await mfa.enrolled(db, candidate.id):
            text = await registration.issue_token(db, candidate.id, TokenPurpose.MFA_CHALLENGE, CHALLENGE_LIFETIME)
            return Challenge(text, int(CHALLENGE_LIFETIME.total_seconds()))
        methods = [AuthenticationMethod.PASSWORD]
        return await begin_session(db, parts, candidate.id, origin, methods=methods, device_token=device_token)


async def complete_challenge(
    app: Resources, parts: Parts, text: str, code: str, origin: Origin, device_token: str | None = None
) -> sessions.Tokens:
    """Begin a session with the second step.

    Raises:
        UnauthenticatedError: Challenge or code is wrong, used, or too late.
        RateLimitedError: Too many tries.
    """
    try:
        credential = registration.parse_token(TokenPurpose.MFA_CHALLENGE, text)
    except GoneError:
        raise UnauthenticatedError(_CHALLENGE_REFUSED) from None
    user_id = credential.ids[0]
    (await app.limiter.take(mfa.TRIES, caller=str(user_id))).enforce()
    try:
        async with app.database.transaction(AccessContext(user_id=user_id)) as db:
            await registration.spend_token(db, TokenPurpose.MFA_CHALLENGE, credential)
            shown = await mfa.check(db, parts, user_id, code)
            if shown is None:
                raise UnauthenticatedError(_CHALLENGE_REFUSED)
            methods = [AuthenticationMethod.PASSWORD, shown]
            return await begin_session(db, parts, user_id, origin, methods=methods, device_token=device_token)
    except GoneError:
        raise UnauthenticatedError(_CHALLENGE_REFUSED) from None
    except UnauthenticatedError:
        await _note_failure(app, user_id, origin, count=False)
        raise


async def find(app: Resources, email: str) -> repository.Candidate | None:
    """The person of that address, before anybody is signed in."""
    async with app.database.transaction(AccessContext()) as db:
        return await repository.find(db, email_key(email))


async def forget_failures(app: Resources, email: str) -> None:
    """Let an address try again at once."""
    await app.limiter.forget(FAILURES, caller=_failure_key(email))


def _failure_key(email: str) -> str:
    return hashlib.sha256(email_key(email).encode()).hexdigest()


async def begin_session(
    db: AsyncSession,
    parts: Parts,
    user_id: UUID,
    origin: Origin,
    *,
    methods: Sequence[AuthenticationMethod],
    device_token: str | None = None,
) -> sessions.Tokens:
    """Sign in a person who has shown who they are, by `methods`: every way of signing in ends here.

    Raises:
        UnauthenticatedError: The account is not active, or has nowhere to work.
    """
    if not await repository.count_success(db, user_id):
        raise UnauthenticatedError("The account is not active.")
    place = await sessions.last_workplace(db, user_id)
    if place is None:
        raise UnauthenticatedError("The account has no membership in a tenant that is in use.")
    return await sessions.begin(
        db, parts, user_id=user_id, place=place, origin=origin, methods=methods, device_token=device_token
    )


def _may_sign_in(candidate: repository.Candidate) -> bool:
    locked = candidate.locked_until is not None and candidate.locked_until > datetime.now(UTC)
    return candidate.status == UserStatus.ACTIVE and not locked


async def _note_failure(app: Resources, user_id: UUID, origin: Origin, *, count: bool) -> None:
    async with app.database.transaction(AccessContext(user_id=user_id)) as db:
        locked = False
        if count:
            locked = await repository.count_failure(db, user_id, lock_after=LOCK_AFTER, lock_for=LOCK_FOR)
        place = await sessions.last_workplace(db, user_id)
        if place is not None:
            entry = AuditEntry(
                tenant_id=place.tenant_id,
                action="session.refuse",
                resource_type="user",
                resource_id=user_id,
                organization_id=place.organization_id,
                request_id=origin.request_id,
                ip_address=origin.address,
                details={"locked": locked},
            )
            await memberships.record_for_tenants(db, user_id, entry)
