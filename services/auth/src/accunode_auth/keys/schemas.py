"""The JWKS document."""

from typing import Literal

from accunode_common.http.schemas import ResponseModel


class PublicKey(ResponseModel):
    """An RFC 8037 key."""

    kid: str
    kty: Literal["OKP"]
    crv: Literal["Ed25519"]
    x: str
    use: Literal["sig"]
    alg: Literal["EdDSA"]


class KeySet(ResponseModel):
    """An RFC 7517 key set."""

    keys: list[PublicKey]
