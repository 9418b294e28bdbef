"""Checks what a signed-in person shows again."""

from sqlalchemy.ext.asyncio import AsyncSession

from accunode_auth.mfa import service as mfa
from accunode_auth.parts import Origin, Parts
from accunode_auth.passwords import service as passwords
from accunode_auth.second_factors import service as second_factors
from accunode_auth.sessions import service as sessions
from accunode_common.auth.subject import Subject
from accunode_common.errors import ForbiddenError
from accunode_common.http.resources import Resources
from accunode_common.log import get_logger
from accunode_common.models.identity import AuthenticationMethod
from accunode_common.ratelimit import RateLimit

TRIES = RateLimit("step-up", 5, 300)

logger = get_logger(__name__)


async def prove(
    db: AsyncSession,
    app: Resources,
    parts: Parts,
    subject: Subject,
    origin: Origin,
    *,
    password: str | None,
    code: str | None,
) -> str:
    """An access token that says that the caller showed who they are just now.

    Raises:
        ForbiddenError: What was shown is wrong, or a password where there is a second factor.
        UnauthenticatedError: The session has ended.
        RateLimitedError: Too many tries.
    """
    (await app.limiter.take(TRIES, caller=str(subject.user_id))).enforce()
    method = await _shown(db, parts, subject, password=password, code=code)
    if method is None:
        logger.warning("step-up refused", session_id=str(subject.session_id))
        raise ForbiddenError("The password or the code is wrong.")
    token = await sessions.prove(db, parts, subject, method, origin)
    await app.limiter.forget(TRIES, caller=str(subject.user_id))
    return token


async def _shown(
    db: AsyncSession, parts: Parts, subject: Subject, *, password: str | None, code: str | None
) -> AuthenticationMethod | None:
    if code is not None:
        return await mfa.check(db, parts, subject.user_id, code)
    if await second_factors.enrolled(db, subject.user_id):
        raise ForbiddenError("Show your second factor: an account that has one is not its password's alone.")
    right = await passwords.matches(db, parts, subject.user_id, password or "")
    return AuthenticationMethod.PASSWORD if right else None
