"""The JWKS document."""

from typing import Literal

from pydantic import Field

from accunode_common.schemas import ResponseModel


class PublicKey(ResponseModel):
    """An RFC 8037 key."""

    kid: str = Field(description="What the header of a token calls its key.", examples=["kQ8vZ3mT1xW7"])
    kty: Literal["OKP"] = Field(description="The type: an octet key pair.")
    crv: Literal["Ed25519"] = Field(description="The curve.")
    x: str = Field(
        description="The public key in base64url, without padding.",
        examples=["11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"],
    )
    use: Literal["sig"] = Field(description="The key verifies signatures.")
    alg: Literal["EdDSA"] = Field(description="The signature's algorithm.")


class KeySet(ResponseModel):
    """An RFC 7517 key set."""

    keys: list[PublicKey] = Field(description="Every key that a token at large may be signed with.")
