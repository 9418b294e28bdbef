"""Checks what a signed-in person shows again."""

from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from accunode_auth.mfa import service as mfa
from accunode_auth.passkeys import service as passkeys
from accunode_auth.passkeys.challenges import Ceremony
from accunode_auth.passwords import service as passwords
from accunode_auth.resources import Resources
from accunode_auth.second_factors import service as second_factors
from accunode_auth.sessions import service as sessions
from accunode_auth.step_up.schemas import ProofIn
from accunode_common.auth.subject import Subject
from accunode_common.auth.tokens import PROOF_LIFETIME
from accunode_common.errors import ForbiddenError
from accunode_common.http.trail import Origin
from accunode_common.log import get_logger
from accunode_common.models.identity import AuthenticationMethod
from accunode_common.ratelimit import RateLimit

TRIES = RateLimit("step-up", 5, 300)

logger = get_logger(__name__)


async def prove(
    session: AsyncSession,
    app: Resources,
    subject: Subject,
    origin: Origin,
    proof: ProofIn,
) -> str:
    """An access token that says that the caller showed who they are just now.

    Raises:
        ForbiddenError: What was shown is wrong, or a password where there is a second factor.
        UnauthenticatedError: The session has ended.
        RateLimitedError: Too many tries.
    """
    (await app.limiter.take(TRIES, caller=str(subject.user_id))).enforce()
    method = await _shown(session, app, subject, proof)
    if method is None:
        logger.warning("step-up refused", session_id=str(subject.session_id))
        raise ForbiddenError("What was shown is wrong, used, or too late.")
    token = await sessions.prove(session, app, subject, method, origin)
    await app.limiter.forget(TRIES, caller=str(subject.user_id))
    return token


async def passkey_options(session: AsyncSession, app: Resources, subject: Subject) -> dict[str, Any]:
    """What a browser needs to show one of the caller's passkeys.

    Raises:
        NotFoundError: The caller has none.
    """
    return await passkeys.request_options(session, app, Ceremony.STEP_UP, subject.user_id)


async def _shown(
    session: AsyncSession, app: Resources, subject: Subject, proof: ProofIn
) -> AuthenticationMethod | None:
    user_id = subject.user_id
    if proof.passkey is not None:
        return await passkeys.check(session, app, Ceremony.STEP_UP, user_id, proof.passkey)
    if proof.code is not None:
        return await mfa.check(session, app, user_id, proof.code)
    if await second_factors.enrolled(session, user_id):
        raise ForbiddenError("Show your second factor: an account that has one is not its password's alone.")
    if proof.recent_sign_in:
        none = not await passwords.has_one(session, user_id)
        recent = none and await sessions.vouched_lately(session, subject, within=PROOF_LIFETIME)
        return AuthenticationMethod.SINGLE_SIGN_ON if recent else None
    right = await passwords.matches(session, app, user_id, proof.password or "")
    return AuthenticationMethod.PASSWORD if right else None
