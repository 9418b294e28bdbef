"""Draw what an installation keeps secret: the passwords of its servers and roles, and the key that signs tokens."""

import secrets

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

_PASSWORD_BYTES = 32


def new_password() -> str:
    """A password of 256 bits, in hexadecimal: it means nothing to a shell or a URL, and ElastiCache takes it."""
    return secrets.token_hex(_PASSWORD_BYTES)


def new_signing_key() -> str:
    """A private key (Ed25519), as PEM (PKCS #8, not encrypted)."""
    key = Ed25519PrivateKey.generate()
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
