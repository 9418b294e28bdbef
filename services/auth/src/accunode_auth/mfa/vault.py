"""Encrypts secrets that the service must read again, so that a copy of the database lets nobody in."""

import secrets
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from accunode_auth.settings import MfaSettings
from accunode_common.errors import ServiceUnavailableError

_NONCE_BYTES = 12


class Vault:
    """AES-256-GCM under a key derived from the setting `mfa_key`, bound to the person or tenant whose secret it is.

    Args:
        settings: They hold the key.
        purpose: What kind of secrets; none of another kind can be opened.
    """

    def __init__(self, settings: MfaSettings, *, purpose: bytes = b"accunode authenticator secrets") -> None:
        derive = HKDF(algorithm=SHA256(), length=32, salt=None, info=purpose)
        self._cipher = AESGCM(derive.derive(settings.key.get_secret_value().encode()))

    def seal(self, owner_id: UUID, secret: bytes) -> bytes:
        """`secret`, encrypted."""
        nonce = secrets.token_bytes(_NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, secret, owner_id.bytes)

    def open(self, owner_id: UUID, sealed: bytes) -> bytes:
        """The secret that was sealed for the owner.

        Raises:
            ServiceUnavailableError: It was sealed under another key, or for another owner.
        """
        try:
            return self._cipher.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], owner_id.bytes)
        except InvalidTag:
            raise ServiceUnavailableError("A secret that is kept encrypted cannot be read.") from None
