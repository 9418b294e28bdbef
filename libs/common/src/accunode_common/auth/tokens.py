"""Access tokens: EdDSA-signed JWTs of the type `at+jwt`, checked without asking the issuer."""

import math
import re
import time
from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from accunode_common.auth.jwks import KeySource
from accunode_common.auth.roles import Permission, Role
from accunode_common.auth.subject import Subject
from accunode_common.errors import UnauthenticatedError

ALGORITHM = "EdDSA"
TOKEN_TYPE = "at+jwt"
ACCESS_TOKEN_LIFETIME = timedelta(minutes=15)
PROOF_LIFETIME = timedelta(minutes=5)
CLOCK_LEEWAY = timedelta(seconds=10)
_LONGEST_TOKEN = 4096
_MOST_REMEMBERED = 10_000
_COMPACT = re.compile(r"[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+){2}")
"""Three parts of base64url without padding, as RFC 7515 has it: a token is written in one way only."""

_REQUIRED = ["iss", "aud", "sub", "iat", "nbf", "exp", "jti", "sid", "tid", "role"]


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessToken:
    """A verified token.

    Attributes:
        subject: Who calls.
        issued_at: Seconds since 1970, with a fraction; what was revoked after it is void.
        expires_at: Seconds since 1970.
        token_id: The token's own id.
        proved_at: When its holder last showed anew who they are, in seconds since 1970; None for never.
    """

    subject: Subject
    issued_at: float
    expires_at: float
    token_id: UUID
    proved_at: float | None = None

    @property
    def proved_lately(self) -> bool:
        """Whether its holder showed who they are so lately that they may change how they sign in."""
        return self.proved_at is not None and time.time() - self.proved_at < PROOF_LIFETIME.total_seconds()


def encode_access_token(
    subject: Subject,
    *,
    key: Ed25519PrivateKey,
    key_id: str,
    issuer: str,
    audience: str,
    token_id: UUID,
    issued_at: datetime,
    lifetime: timedelta = ACCESS_TOKEN_LIFETIME,
    proved_at: datetime | None = None,
) -> str:
    """The signed token for `subject`, who showed who they are at `proved_at`."""
    issued = issued_at.timestamp()
    claims: dict[str, Any] = {
        "iss": issuer,
        "aud": audience,
        "sub": str(subject.user_id),
        "iat": issued,
        "nbf": math.floor(issued),
        "exp": math.floor(issued + lifetime.total_seconds()),
        "jti": str(token_id),
        "sid": str(subject.session_id),
        "tid": str(subject.tenant_id),
        "role": subject.role.value,
    }
    if subject.organization_id is not None:
        claims["oid"] = str(subject.organization_id)
    if subject.scope is not None:
        claims["scope"] = " ".join(sorted(subject.scope))
    if proved_at is not None:
        claims["proved_at"] = proved_at.timestamp()
    return jwt.encode(claims, key, algorithm=ALGORITHM, headers={"kid": key_id, "typ": TOKEN_TYPE})


@dataclass(frozen=True, slots=True)
class _Verified:
    """What a token was found to say, and the key that it was verified with."""

    token: AccessToken
    key_id: str
    key: Ed25519PublicKey


class TokenVerifier:
    """Checks signature, algorithm, type, issuer, audience and times, in that strictness, of access tokens.

    What a token says is remembered until it expires, as long as the same key is found under its key's id; those that
    were used longest ago are forgotten first. Whether a token is revoked is for others to say, at each request.

    Args:
        keys: Where public keys come from.
        issuer: The only accepted `iss`.
        audience: The only accepted `aud`.
    """

    def __init__(self, keys: KeySource, *, issuer: str, audience: str) -> None:
        self._keys = keys
        self._issuer = issuer
        self._audience = audience
        self._verified: OrderedDict[str, _Verified] = OrderedDict()

    async def verify(self, token: str) -> AccessToken:
        """What the token says.

        Raises:
            UnauthenticatedError: It is malformed, expired, or not the issuer's.
            ServiceUnavailableError: No keys are at hand to check it with.
        """
        if (known := await self._remembered(token)) is not None:
            return known
        if len(token) > _LONGEST_TOKEN or not _COMPACT.fullmatch(token):
            raise UnauthenticatedError("The access token is not valid.")
        try:
            header = jwt.get_unverified_header(token)
        except jwt.InvalidTokenError:
            raise UnauthenticatedError("The access token is not valid.") from None
        key_id = header.get("kid")
        if header.get("alg") != ALGORITHM or header.get("typ") != TOKEN_TYPE or not isinstance(key_id, str):
            raise UnauthenticatedError("The access token is not valid.")
        key = await self._keys.find(key_id)
        if key is None:
            raise UnauthenticatedError("The access token is not valid.")
        try:
            claims = jwt.decode(
                token,
                key,
                algorithms=[ALGORITHM],
                issuer=self._issuer,
                audience=self._audience,
                leeway=CLOCK_LEEWAY,
                options={"require": _REQUIRED, "strict_aud": True},
            )
            verified = _Verified(_read(claims), key_id, key)
        except jwt.ExpiredSignatureError:
            raise UnauthenticatedError("The access token has expired.") from None
        except (jwt.InvalidTokenError, ValueError, TypeError, AttributeError, OverflowError):
            raise UnauthenticatedError("The access token is not valid.") from None
        self._verified[token] = verified
        if len(self._verified) > _MOST_REMEMBERED:
            self._verified.popitem(last=False)
        return verified.token

    async def _remembered(self, token: str) -> AccessToken | None:
        known = self._verified.get(token)
        if known is None:
            return None
        if known.token.expires_at > time.time() and await self._keys.find(known.key_id) is known.key:
            # Looking for the key may have taken a while, in which it was forgotten.
            self._verified[token] = known
            self._verified.move_to_end(token)
            return known.token
        self._verified.pop(token, None)
        return None


def _read(claims: dict[str, Any]) -> AccessToken:
    scope = claims.get("scope")
    organization_id = claims.get("oid")
    proved_at = claims.get("proved_at")
    return AccessToken(
        subject=Subject(
            user_id=UUID(claims["sub"]),
            tenant_id=UUID(claims["tid"]),
            organization_id=None if organization_id is None else UUID(organization_id),
            role=Role(claims["role"]),
            session_id=UUID(claims["sid"]),
            scope=None if scope is None else frozenset(Permission(name) for name in scope.split()),
        ),
        issued_at=float(claims["iat"]),
        expires_at=float(claims["exp"]),
        token_id=UUID(claims["jti"]),
        proved_at=None if proved_at is None else float(proved_at),
    )
