"""What signing in takes and gives."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from accunode_auth.mfa.schemas import AnyCode
from accunode_auth.passkeys.schemas import ShownCredential, ShownPasskey
from accunode_auth.second_factors.service import Factor
from accunode_auth.sessions.schemas import DeviceToken, TokenPair
from accunode_auth.sign_in.service import Challenge, EnrolmentDemand, Outcome
from accunode_common.schemas import InputModel, ResponseModel
from accunode_identity.password_policy import GivenPassword
from accunode_identity.schemas import ShownEmail

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

    email: ShownEmail = Field(min_length=3, max_length=254, description="The account's address, in any case.")
    password: GivenPassword = Field(description="As it was set; spaces count.")
    device_token: ShownDevice = None


class PasskeyLoginIn(InputModel):
    """A passkey that signed the challenge of POST /auth/passkeys/sign-in/options."""

    credential: ShownCredential = Field(description="From `navigator.credentials.get()`.")
    device_token: ShownDevice = None


class MfaRequired(ResponseModel):
    """What was shown is right; a second step is needed."""

    mfa_required: Literal[True] = Field(description="Tells this reply from tokens.")
    challenge: ChallengeText = Field(description="For POST /auth/mfa/challenge.")
    expires_in: int = Field(description="Seconds that the challenge lives.", examples=[300])
    factors: list[Factor] = Field(
        description="What the person can show.", examples=[["authenticator", "passkey", "recovery_code"]]
    )


class EnrolmentRequired(ResponseModel):
    """What was shown is right; a second factor must be enrolled to go on, as the time to do so later is over."""

    enrolment_required: Literal[True] = Field(description="Tells this reply from tokens.")
    challenge: ChallengeText = Field(description="For the operations below /auth/enrolment, and nothing else.")
    expires_in: int = Field(description="Seconds that the challenge lives.", examples=[900])


def reply_to(outcome: Outcome) -> TokenPair | MfaRequired | EnrolmentRequired:
    """The outcome of signing in, as the client gets it."""
    match outcome:
        case Challenge():
            return MfaRequired(
                mfa_required=True,
                challenge=outcome.text,
                expires_in=outcome.expires_in,
                factors=outcome.factors,
            )
        case EnrolmentDemand():
            return EnrolmentRequired(enrolment_required=True, challenge=outcome.text, expires_in=outcome.expires_in)
        case _:
            return TokenPair.of(outcome)


class ChallengeRef(InputModel):
    """A challenge."""

    challenge: ChallengeText = Field(min_length=20, max_length=300, description="From the reply to POST /auth/login.")


class ChallengeIn(InputModel):
    """The second step: a code or a passkey."""

    challenge: ChallengeText = Field(min_length=20, max_length=300, description="From the reply to POST /auth/login.")
    code: AnyCode | None = None
    passkey: ShownPasskey = None
    device_token: ShownDevice = None

    @model_validator(mode="after")
    def _is_one(self) -> Self:
        if (self.code is None) == (self.passkey is None):
            raise ValueError("give either a code or a passkey")
        return self

    @property
    def shown(self) -> str | ShownCredential:
        """What was given."""
        return self.passkey or self.code or ""
