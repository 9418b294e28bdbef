"""Encrypts authenticator secrets, so that a copy of the database lets nobody in."""

import secrets
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from accunode_auth.settings import AuthSettings
from accunode_common.errors import ServiceUnavailableError

_NONCE_BYTES = 12


class Vault:
    """AES-256-GCM under a key derived from the setting `mfa_key`, bound to the person."""

    def __init__(self, settings: AuthSettings) -> None:
        derive = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"accunode authenticator secrets")
        self._cipher = AESGCM(derive.derive(settings.mfa_key.get_secret_value().encode()))

    def seal(self, user_id: UUID, secret: bytes) -> bytes:
        """`secret`, encrypted."""
        nonce = secrets.token_bytes(_NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, secret, user_id.bytes)

    def open(self, user_id: UUID, sealed: bytes) -> bytes:
        """The secret that was sealed for the person.

        Raises:
            ServiceUnavailableError: It was sealed under another key, or for another person.
        """
        try:
            return self._cipher.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], user_id.bytes)
        except InvalidTag:
            raise ServiceUnavailableError("The authenticator's secret cannot be read.") from None
