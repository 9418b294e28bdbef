"""Opaque credentials: refresh tokens, mailed tokens and API keys.

Each is a prefix, the ids that lead to its row under row-level security, and 32 random bytes; the row keeps a hash.
"""

import base64
import binascii
import hashlib
import hmac
import secrets
from dataclasses import dataclass
from uuid import UUID

_SECRET_BYTES = 32
_UUID_BYTES = 16


@dataclass(frozen=True, slots=True)
class Credential:
    """A credential in the clear.

    Attributes:
        prefix: What kind it is; scanners find leaked ones by it.
        ids: The ids that lead to its row.
        secret: What only its holder knows.
    """

    prefix: str
    ids: tuple[UUID, ...]
    secret: bytes

    @classmethod
    def new(cls, prefix: str, *ids: UUID) -> "Credential":
        """A fresh credential."""
        return cls(prefix, ids, secrets.token_bytes(_SECRET_BYTES))

    @classmethod
    def parse(cls, prefix: str, text: str, *, ids: int) -> "Credential | None":
        """The credential that `text` writes, or None if it is no such credential."""
        kind, _, body = text.partition("_")
        if kind != prefix or len(body) > 4 * (ids * _UUID_BYTES + _SECRET_BYTES):
            return None
        try:
            raw = base64.b64decode(body + "=" * (-len(body) % 4), altchars=b"-_", validate=True)
        except (binascii.Error, ValueError):
            return None
        if len(raw) != ids * _UUID_BYTES + _SECRET_BYTES:
            return None
        found = tuple(
            UUID(bytes=raw[start : start + _UUID_BYTES]) for start in range(0, ids * _UUID_BYTES, _UUID_BYTES)
        )
        return cls(prefix, found, raw[ids * _UUID_BYTES :])

    @property
    def text(self) -> str:
        """The credential as its holder keeps it."""
        raw = b"".join(part.bytes for part in self.ids) + self.secret
        return f"{self.prefix}_{base64.urlsafe_b64encode(raw).rstrip(b'=').decode()}"

    @property
    def hash(self) -> bytes:
        """What the database keeps: SHA-256, enough for 256 random bits."""
        return hashlib.sha256(self.secret).digest()

    def matches(self, kept: bytes) -> bool:
        """Whether the database keeps the hash of this credential; takes the same time either way."""
        return hmac.compare_digest(self.hash, kept)
