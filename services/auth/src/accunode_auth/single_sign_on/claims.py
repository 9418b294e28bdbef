"""What a provider's signed tokens say, once everything about them is checked."""

import base64
import hashlib
import hmac
import time
from typing import Any

import jwt

from accunode_auth.single_sign_on.provider import Metadata, ProviderError, Providers, PublicKey
from accunode_common.auth.tokens import CLOCK_LEEWAY

LOGOUT_EVENT = "http://schemas.openid.net/event/backchannel-logout"
_OLDEST_SECONDS = 600
_LONGEST_SUBJECT = 255
_HASHES = {"256": hashlib.sha256, "384": hashlib.sha384, "512": hashlib.sha512, "DSA": hashlib.sha512}


async def id_token_claims(
    providers: Providers, metadata: Metadata, text: str, *, client_id: str, nonce: str, access_token: str
) -> dict[str, Any]:
    """The claims of an ID token (OpenID Connect Core 1.0 section 3.1.3.7).

    Raises:
        ProviderError: It is not one that the provider made for this client and this sign-in.
        ServiceUnavailableError: The provider's keys cannot be fetched.
    """
    claims, algorithm = await _verified(
        providers, metadata, text, client_id=client_id, types=("JWT",), required=("sub", "exp", "iat", "nonce")
    )
    if not hmac.compare_digest(str(claims["nonce"]).encode(), nonce.encode()):
        raise ProviderError("its ID token belongs to another sign-in")
    if "at_hash" in claims and claims["at_hash"] != _half_hash(algorithm, access_token):
        raise ProviderError("its ID token belongs to another access token")
    return claims


async def logout_claims(providers: Providers, metadata: Metadata, text: str, *, client_id: str) -> dict[str, Any]:
    """The claims of a logout token (OpenID Connect Back-Channel Logout 1.0 section 2.6).

    Raises:
        ProviderError: It is not one that the provider made for this client.
        ServiceUnavailableError: The provider's keys cannot be fetched.
    """
    claims, _ = await _verified(
        providers,
        metadata,
        text,
        client_id=client_id,
        types=("logout+jwt", "JWT"),
        required=("iat", "exp", "jti", "events"),
    )
    events = claims["events"]
    if not isinstance(events, dict) or not isinstance(events.get(LOGOUT_EVENT), dict) or "nonce" in claims:
        raise ProviderError("its logout token is none")
    if not isinstance(claims["jti"], str) or not any(isinstance(claims.get(name), str) for name in ("sub", "sid")):
        raise ProviderError("its logout token names nobody")
    return claims


async def _verified(
    providers: Providers,
    metadata: Metadata,
    text: str,
    *,
    client_id: str,
    types: tuple[str, ...],
    required: tuple[str, ...],
) -> tuple[dict[str, Any], str]:
    try:
        header = jwt.get_unverified_header(text)
        algorithm, key_id = header.get("alg"), header.get("kid", "")
        if algorithm not in metadata.algorithms or header.get("typ", types[0]) not in types or "crit" in header:
            raise ProviderError("its token is of a kind that is not accepted")
        try:
            key = await _key(providers, metadata, key_id)
            claims = _decoded(text, key, metadata, algorithm, client_id=client_id, required=required)
        except (jwt.InvalidSignatureError, jwt.InvalidKeyError, TypeError):
            # A provider that was set up anew signs with another key under the old name; TypeError: one of another kind.
            key = await _key(providers, metadata, key_id, again=True)
            claims = _decoded(text, key, metadata, algorithm, client_id=client_id, required=required)
        _check(claims, client_id)
    except (jwt.PyJWTError, ValueError, TypeError, RecursionError) as error:
        raise ProviderError(f"its token is not valid: {error}") from None
    return claims, algorithm


async def _key(providers: Providers, metadata: Metadata, key_id: Any, *, again: bool = False) -> PublicKey:
    key = await providers.key(metadata, key_id, again=again) if isinstance(key_id, str) else None
    if key is None:
        raise ProviderError("its token is signed with an unknown key")
    return key


def _decoded(
    text: str, key: PublicKey, metadata: Metadata, algorithm: str, *, client_id: str, required: tuple[str, ...]
) -> dict[str, Any]:
    claims: dict[str, Any] = jwt.decode(
        text,
        key,
        algorithms=[algorithm],
        issuer=metadata.issuer,
        audience=client_id,
        leeway=CLOCK_LEEWAY,
        options={"require": ["iss", "aud", *required], "verify_sub": False},
    )
    return claims


def _check(claims: dict[str, Any], client_id: str) -> None:
    """Check what the library does not.

    Raises:
        ValueError: Something is wrong.
    """
    audience = claims["aud"]
    if isinstance(audience, list) and len(audience) > 1 and "azp" not in claims:
        raise ValueError("it is for several clients and names no authorized party")
    if claims.get("azp", client_id) != client_id:
        raise ValueError("its authorized party is another client")
    if float(claims["iat"]) < time.time() - _OLDEST_SECONDS:
        raise ValueError("it was issued too long ago")
    subject = claims.get("sub", "-")
    if not isinstance(subject, str) or not 0 < len(subject) <= _LONGEST_SUBJECT or not subject.isprintable():
        raise ValueError("its subject is not usable")


def _half_hash(algorithm: str, text: str) -> str:
    digest = _HASHES[algorithm[-3:]](text.encode("ascii", "replace")).digest()
    return base64.urlsafe_b64encode(digest[: len(digest) // 2]).rstrip(b"=").decode()
