"""The stack's secrets: drawn once, kept in files of mode 600."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from accunode_common.db.access import LOGIN_ROLES
from accunode_common.new_secrets import new_password, new_signing_key
from accunode_devstack.errors import DevstackError
from accunode_devstack.state import State, read_json, write_json, write_private


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
        held |= {name: new_password() for name in missing}
        write_json(path, held)
    signing_key = state.secrets / "signing-key.pem"
    if not signing_key.exists():
        write_private(signing_key, new_signing_key())
    roles = {str(role): held[role] for role in LOGIN_ROLES}
    return Credentials(held["superuser"], held["redis"], roles, held["demo"], held["mfa"], signing_key)
