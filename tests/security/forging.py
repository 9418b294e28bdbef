"""Access tokens made by hand, right or wrong in one thing."""

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from accunode_common.ids import new_id
from accunode_common.testing.keys import AUDIENCE, ISSUER, TestIssuer
from accunode_common.testing.people import Caller

Sign = Callable[[bytes], bytes]


def encoded(content: bytes) -> str:
    """Base64url without padding."""
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


@dataclass
class Forge:
    """Makes tokens for a caller.

    Attributes:
        issuer: Whose key signs unless another does.
        caller: Whom they are for.
    """

    issuer: TestIssuer
    caller: Caller
    header: dict[str, Any] = field(default_factory=dict)
    claims: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        now, subject = time.time(), self.caller.subject
        self.header = {"alg": "EdDSA", "typ": "at+jwt", "kid": self.issuer.key_id}
        self.claims = {
            "iss": ISSUER,
            "aud": AUDIENCE,
            "sub": str(subject.user_id),
            "iat": now,
            "nbf": int(now),
            "exp": int(now) + 600,
            "jti": str(new_id()),
            "sid": str(subject.session_id),
            "tid": str(subject.tenant_id),
            "oid": str(subject.organization_id),
            "role": subject.role.value,
        }

    def token(
        self,
        header: Mapping[str, Any] | None = None,
        claims: Mapping[str, Any] | None = None,
        *,
        without: tuple[str, ...] = (),
        sign: Sign | None = None,
    ) -> str:
        """A token with these other headers and claims, and without some."""
        kept = {name: value for name, value in {**self.claims, **(claims or {})}.items() if name not in without}
        parts = [json.dumps(part).encode() for part in ({**self.header, **(header or {})}, kept)]
        signed = ".".join(map(encoded, parts)).encode()
        return f"{signed.decode()}.{encoded((sign or self.issuer.key.sign)(signed))}"

    @property
    def public_pem(self) -> bytes:
        """The issuer's public key, as anybody can have it."""
        return self.issuer.key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)

    @property
    def public_raw(self) -> bytes:
        """The same as bytes."""
        return self.issuer.key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)


def hmac_with(key: bytes) -> Sign:
    """Signs with a shared secret."""
    return lambda content: hmac.digest(key, content, hashlib.sha256)


def stranger() -> Ed25519PrivateKey:
    """A key that nobody trusts."""
    return Ed25519PrivateKey.generate()
