"""The private signing keys."""

import base64
import hashlib
import json
import re
from datetime import datetime
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

from accunode_auth.settings import AuthSettings, SigningSettings
from accunode_common.auth.subject import Subject
from accunode_common.auth.tokens import ALGORITHM, encode_access_token
from accunode_common.environment import SettingsError
from accunode_common.ids import new_id

_BEGIN = re.compile(rb"-----BEGIN [A-Z ]*PRIVATE KEY-----")
_PEM = re.compile(rb"-----BEGIN PRIVATE KEY-----.+?-----END PRIVATE KEY-----", re.DOTALL)


def public_jwk(key: Ed25519PublicKey) -> dict[str, str]:
    """The key's RFC 8037 form."""
    raw = key.public_bytes(Encoding.Raw, PublicFormat.Raw)
    return {"crv": "Ed25519", "kty": "OKP", "x": base64.urlsafe_b64encode(raw).rstrip(b"=").decode()}


def key_id(key: Ed25519PublicKey) -> str:
    """The key's RFC 7638 thumbprint."""
    canonical = json.dumps(public_jwk(key), sort_keys=True, separators=(",", ":"))
    return base64.urlsafe_b64encode(hashlib.sha256(canonical.encode()).digest()).rstrip(b"=").decode()


def read_keys(path: Path) -> list[Ed25519PrivateKey]:
    """The keys of a PEM file, or of all `*.pem` files of a folder in the order of their names.

    Raises:
        SettingsError: There are none, or one is not an unencrypted Ed25519 key.
    """
    files = sorted(path.glob("*.pem")) if path.is_dir() else [path]
    keys: list[Ed25519PrivateKey] = []
    for file in files:
        try:
            text = file.read_bytes()
        except OSError as error:
            raise SettingsError(f"ACCUNODE_SIGNING_KEY_FILE: {file} cannot be read: {error}.") from error
        keys += parse_keys(text, f"ACCUNODE_SIGNING_KEY_FILE: {file}")
    if not keys:
        raise SettingsError(f"ACCUNODE_SIGNING_KEY_FILE: {path} holds no private key.")
    return keys


def parse_keys(text: bytes, source: str) -> list[Ed25519PrivateKey]:
    """The keys of a PEM text, in its order; `source` names it to whoever has to mend it.

    Raises:
        SettingsError: One is not a whole, unencrypted Ed25519 key.
    """
    keys: list[Ed25519PrivateKey] = []
    blocks = _PEM.findall(text)
    if len(_BEGIN.findall(text)) != len(blocks):
        raise SettingsError(f"{source} holds a key that is cut off, encrypted or not in the PKCS #8 form.")
    for block in blocks:
        try:
            key = load_pem_private_key(block, password=None)
        except (ValueError, TypeError) as error:
            reason = str(error).rstrip(".")
            raise SettingsError(f"{source} cannot be read: {reason}.") from None
        if not isinstance(key, Ed25519PrivateKey):
            raise SettingsError(f"{source} holds a key that is not Ed25519.")
        keys.append(key)
    return keys


def configured_keys(settings: SigningSettings) -> list[Ed25519PrivateKey]:
    """The keys that the settings name or hold.

    Raises:
        SettingsError: There are none, or one is not an unencrypted Ed25519 key.
    """
    if settings.key_file is not None:
        return read_keys(settings.key_file)
    text = settings.keys.get_secret_value() if settings.keys else ""
    keys = parse_keys(text.encode(), "ACCUNODE_SIGNING_KEYS")
    if not keys:
        raise SettingsError("ACCUNODE_SIGNING_KEYS holds no private key.")
    return keys


class KeyRing:
    """Signs access tokens with the newest key, and vouches for all of them.

    To rotate: add a key, restart; once the tokens of the old one have expired, remove it and restart.
    """

    def __init__(self, settings: AuthSettings) -> None:
        keys = configured_keys(settings.signing)
        self._public = {key_id(key.public_key()): key.public_key() for key in keys}
        self._newest = keys[-1]
        self._newest_id = key_id(self._newest.public_key())
        self._issuer = settings.tokens.issuer
        self._audience = settings.tokens.audience

    async def find(self, key_id: str) -> Ed25519PublicKey | None:
        """The public key of that id, if any."""
        return self._public.get(key_id)

    def document(self) -> dict[str, list[dict[str, Any]]]:
        """The JWKS document."""
        return {
            "keys": [
                {**public_jwk(key), "kid": name, "use": "sig", "alg": ALGORITHM} for name, key in self._public.items()
            ]
        }

    def access_token(self, subject: Subject, *, issued_at: datetime, proved_at: datetime | None = None) -> str:
        """A fresh access token for `subject`, who showed who they are at `proved_at`.

        It is issued at a moment of the database, which revocations are compared with.
        """
        return encode_access_token(
            subject,
            key=self._newest,
            key_id=self._newest_id,
            issuer=self._issuer,
            audience=self._audience,
            token_id=new_id(),
            issued_at=issued_at,
            proved_at=proved_at,
        )
