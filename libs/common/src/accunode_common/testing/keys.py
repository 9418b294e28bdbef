"""A signing key for tests, and the key source that trusts it."""

from datetime import UTC, datetime, timedelta

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from accunode_common.auth.jwks import FixedKeys
from accunode_common.auth.subject import Subject
from accunode_common.auth.tokens import ACCESS_TOKEN_LIFETIME, encode_access_token
from accunode_common.ids import new_id

ISSUER = "accunode"
AUDIENCE = "accunode-api"


class TestIssuer:
    """Signs access tokens as the auth service would."""

    __test__ = False

    def __init__(self, key_id: str = "test-key") -> None:
        self.key_id = key_id
        self.key = Ed25519PrivateKey.generate()

    @property
    def source(self) -> FixedKeys:
        """What a service is given to trust these tokens."""
        return FixedKeys({self.key_id: self.key.public_key()})

    def token(
        self,
        subject: Subject,
        *,
        issued_at: datetime | None = None,
        lifetime: timedelta = ACCESS_TOKEN_LIFETIME,
        issuer: str = ISSUER,
        audience: str = AUDIENCE,
        proved: bool = True,
    ) -> str:
        """An access token for `subject`, who has `proved` just now who they are."""
        issued_at = issued_at or datetime.now(UTC)
        return encode_access_token(
            subject,
            key=self.key,
            key_id=self.key_id,
            issuer=issuer,
            audience=audience,
            token_id=new_id(),
            issued_at=issued_at,
            lifetime=lifetime,
            proved_at=issued_at if proved else None,
        )
