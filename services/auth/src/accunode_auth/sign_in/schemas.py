"""What signing in takes and gives."""

from typing import Annotated, Literal

from pydantic import Field

from accunode_auth.mfa.schemas import AnyCode
from accunode_auth.sessions.schemas import DeviceToken
from accunode_auth.users.schemas import Email
from accunode_common.http.schemas import InputModel, ResponseModel
from accunode_identity.password_policy import GivenPassword

ShownDevice = Annotated[
    DeviceToken | None,
    Field(
        max_length=300,
        description="From an earlier sign-in of this device. With it, others who guess do not slow its owner down.",
    ),
]
ChallengeText = Annotated[str, Field(examples=["Vt3yKc8RwZ1mQp6XnB9sLd4GhJ7fEu2A"])]


class LoginIn(InputModel):
    """A person's address and password."""

    email: Email = Field(min_length=3, max_length=254, description="The account's address, in any case.")
    password: GivenPassword = Field(description="As it was set; spaces count.")
    device_token: ShownDevice = None


class MfaRequired(ResponseModel):
    """The password is right; a second step is needed."""

    mfa_required: Literal[True] = Field(description="Tells this reply from tokens.")
    challenge: ChallengeText = Field(description="For POST /auth/mfa/challenge.")
    expires_in: int = Field(description="Seconds that the challenge lives.", examples=[300])


class ChallengeIn(InputModel):
    """The second step."""

    challenge: ChallengeText = Field(min_length=20, max_length=300, description="From the reply to POST /auth/login.")
    code: AnyCode
    device_token: ShownDevice = None
