"""What showing again who one is takes and gives."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from accunode_auth.mfa.schemas import AnyCode
from accunode_auth.passkeys.schemas import ShownPasskey
from accunode_auth.sessions.schemas import AccessToken, SecondsLeft, TokenType
from accunode_common.schemas import InputModel, ResponseModel
from accunode_identity.password_policy import GivenPassword


class ProofIn(InputModel):
    """One thing that only the owner of the account has: the password, a code, or a passkey.

    Who has none of them, because a tenant's provider signs them in, proves it by having signed in just now.
    """

    password: Annotated[GivenPassword | None, Field(description="For accounts without a second factor.")] = None
    code: AnyCode | None = None
    passkey: ShownPasskey = None
    recent_sign_in: Annotated[
        Literal[True] | None,
        Field(
            description="For accounts with neither a password nor a second factor: a tenant's provider signed in within"
            " the last five minutes."
        ),
    ] = None

    @model_validator(mode="after")
    def _is_one(self) -> Self:
        given = (self.password, self.code, self.passkey, self.recent_sign_in)
        if sum(value is not None for value in given) != 1:
            raise ValueError("give a password, a code, a passkey or recent_sign_in")
        return self


class ProvedToken(ResponseModel):
    """An access token that opens what asks to show again who one is."""

    access_token: AccessToken
    token_type: TokenType
    expires_in: SecondsLeft
    proof_expires_in: int = Field(
        description="Seconds for which it opens operations marked `x-step-up`; after that it is as any other.",
        examples=[300],
    )
