"""Dependencies by which a handler's signature names who may call it.

    async def delete(subject: Annotated[Subject, Depends(requires(Permission.COMPANY_WRITE))], ...)

A handler with neither `requires(...)` nor `CurrentSubject` is public. An API key is let in by `requires(...)` alone,
where it has the permissions; `KEY_PERMISSIONS` is the table of those that it can have.
"""

from dataclasses import dataclass
from typing import Annotated

import structlog
from fastapi import Depends, Request
from fastapi.security import HTTPBearer
from redis.exceptions import RedisError

from accunode_common.auth.roles import Permission
from accunode_common.auth.subject import Subject
from accunode_common.auth.tokens import AccessToken
from accunode_common.errors import ForbiddenError, ServiceUnavailableError, StepUpRequiredError, UnauthenticatedError
from accunode_common.http.context import request_info
from accunode_common.http.resources import resources
from accunode_common.log import get_logger

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})

logger = get_logger(__name__)
_ADMISSION = "accunode.admission"


@dataclass(frozen=True, slots=True)
class Admission:
    """A verified caller.

    Attributes:
        token: What the access token says.
        certain: Whether Redis answered, which counts the caller's requests and knows of revocations first.
    """

    token: AccessToken
    certain: bool


async def admit(request: Request) -> Admission:
    """Verify the token, then ask Redis once about revocation and the rate limit, or else PostgreSQL about the former.

    A request is admitted once, whoever asks.

    Raises:
        UnauthenticatedError: No token, or one that is void.
        RateLimitedError: The caller asked too often.
    """
    admission: Admission | None = request.scope.get(_ADMISSION)
    if admission is None:
        admission = request.scope[_ADMISSION] = await _admit(request)
    return admission


async def _admit(request: Request) -> Admission:
    scheme, _, credentials = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not credentials:
        raise UnauthenticatedError("The request has no access token.")
    app = resources(request)
    token = await app.verifier.verify(credentials)
    subject = token.subject
    structlog.contextvars.bind_contextvars(tenant_id=str(subject.tenant_id), user_id=str(subject.user_id))
    try:
        revoked, verdict = await app.revocations.admit(token, app.rate_limit)
    except RedisError as error:
        logger.error("redis does not answer", reason=str(error))
        revoked, verdict = await app.revocations.recorded(token), None
    if revoked:
        raise UnauthenticatedError("The session has ended.")
    if verdict is None:
        return Admission(token, certain=False)
    request_info(request).reply_headers.update(verdict.headers())
    verdict.enforce()
    return Admission(token, certain=True)


def _certain(request: Request, admission: Admission, *, needed: bool) -> Subject:
    if (needed or request.method not in SAFE_METHODS) and not admission.certain:
        raise ServiceUnavailableError("It cannot be told whether the session is still valid.")
    return admission.token.subject


class CallerScheme(HTTPBearer):
    """A dependency that lets in only some callers. As a security scheme it depends on nothing that FastAPI solves."""

    def __init__(self) -> None:
        description = "An access token of POST /api/v1/auth/login."
        super().__init__(bearerFormat="JWT", scheme_name="HTTPBearer", description=description)


class _Authenticated(CallerScheme):
    async def __call__(self, request: Request) -> Subject:  # type: ignore[override]
        return _certain(request, await admit(request), needed=False)


authenticated = _Authenticated()
"""The caller, whoever it is: for mechanisms. It admits API keys, so handlers name who may call them beside it.

Raises ServiceUnavailableError when the request writes, and revocation cannot be checked.
"""


class _InPerson(CallerScheme):
    async def __call__(self, request: Request) -> Subject:  # type: ignore[override]
        subject = await authenticated(request)
        if subject.is_key:
            raise ForbiddenError("An API key cannot do this; sign in.")
        return subject


in_person = _InPerson()
"""The caller, who signed in. Raises ForbiddenError when it is an API key."""

CurrentSubject = Annotated[Subject, Depends(in_person)]
"""Anybody who signed in; no API key."""


class _CurrentToken(CallerScheme):
    async def __call__(self, request: Request) -> AccessToken:  # type: ignore[override]
        return (await admit(request)).token


CurrentToken = Annotated[AccessToken, Depends(_CurrentToken())]
"""The caller's verified token, for replies that go on after the request was admitted."""


class _SteppedUp(CallerScheme):
    async def __call__(self, request: Request) -> None:  # type: ignore[override]
        if not (await admit(request)).token.proved_lately:
            raise StepUpRequiredError(
                "Show your password or second factor again: POST /auth/step-up gives a new token."
            )


stepped_up = _SteppedUp()
"""Lets in only who showed again, within the last minutes, who they are. Raises StepUpRequiredError for others."""

StepUp = Annotated[None, Depends(stepped_up)]
"""For handlers that change how somebody signs in, or hand out power: a token that merely was found is not enough."""


class Requires(CallerScheme):
    """The dependency that `requires` makes; two with the same permissions are one."""

    def __init__(self, permissions: frozenset[Permission]) -> None:
        super().__init__()
        self.permissions = permissions

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Requires) and other.permissions == self.permissions

    def __hash__(self) -> int:
        return hash(self.permissions)

    async def __call__(self, request: Request) -> Subject:  # type: ignore[override]
        """The caller, who has every one of the permissions.

        Raises:
            ForbiddenError: One is missing.
            ServiceUnavailableError: The request writes or administers, and revocation cannot be checked.
        """
        subject = _certain(request, await admit(request), needed=any(p.administrative for p in self.permissions))
        if not self.permissions <= subject.permissions:
            missing = sorted(self.permissions - subject.permissions)
            raise ForbiddenError(f"This needs the permission {', '.join(missing)}.")
        return subject


def requires(*permissions: Permission) -> Requires:
    """The dependency that lets in only callers who have all of `permissions`.

    Raises:
        ValueError: There is none, which would let in every API key.
    """
    if not permissions:
        raise ValueError("requires() needs a permission; CurrentSubject is for anybody who signed in.")
    return Requires(frozenset(permissions))
