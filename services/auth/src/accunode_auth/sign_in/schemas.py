"""What signing in takes and gives."""

from typing import Literal

from pydantic import Field

from accunode_auth.mfa.schemas import AnyCode
from accunode_common.auth.password_policy import GivenPassword
from accunode_common.http.schemas import InputModel, ResponseModel


class LoginIn(InputModel):
    """A person's address and password."""

    email: str = Field(min_length=3, max_length=254)
    password: GivenPassword


class MfaRequired(ResponseModel):
    """The password is right; a second step is needed."""

    mfa_required: Literal[True]
    challenge: str = Field(description="For POST /auth/mfa/challenge.")
    expires_in: int = Field(description="Seconds that the challenge lives.")


class ChallengeIn(InputModel):
    """The second step."""

    challenge: str = Field(min_length=20, max_length=300)
    code: AnyCode = Field(description="Of the authenticator, or a recovery code.")
