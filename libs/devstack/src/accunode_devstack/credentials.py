"""The stack's secrets: drawn once, kept in files of mode 600."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from accunode_common.db.access import LOGIN_ROLES
from accunode_devstack.errors import DevstackError
from accunode_devstack.state import State, read_json, write_json, write_private

# In hexadecimal: no character of it means anything to a shell or in a URL.
PASSWORD_BYTES = 16


@dataclass(frozen=True)
class Credentials:
    """`roles` holds a password for each database role that signs in; `signing_key` is a PEM file (Ed25519, PKCS #8).

    `mfa` encrypts the secrets of authenticators: whoever enrolled one cannot sign in without it.
    """

    superuser: str = field(repr=False)
    redis: str = field(repr=False)
    roles: Mapping[str, str] = field(repr=False)
    demo: str = field(repr=False)
    mfa: str = field(repr=False)
    signing_key: Path


def keep_credentials(state: State) -> Credentials:
    """The secrets of this checkout, drawn now if they are missing.

    Raises DevstackError when their file is damaged.
    """
    path = state.secrets / "passwords.json"
    held = read_json(path) if path.exists() else {}
    names = ["superuser", "redis", "demo", "mfa", *LOGIN_ROLES]
    missing = [name for name in names if not isinstance(held.get(name), str)]
    if path.exists() and "superuser" in missing:
        raise DevstackError(f"{path} lacks the database's password: `make reset` starts afresh.")
    if missing:
        held |= {name: secrets.token_hex(PASSWORD_BYTES) for name in missing}
        write_json(path, held)
    signing_key = state.secrets / "signing-key.pem"
    if not signing_key.exists():
        key = Ed25519PrivateKey.generate()
        pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        write_private(signing_key, pem.decode())
    roles = {str(role): held[role] for role in LOGIN_ROLES}
    return Credentials(held["superuser"], held["redis"], roles, held["demo"], held["mfa"], signing_key)
