"""What enrolling in the middle of signing in takes and gives."""

from pydantic import Field

from accunode_auth.mfa.schemas import Code
from accunode_auth.passkeys.schemas import NewCredential, NewLabel
from accunode_auth.sessions.schemas import TokenPair
from accunode_auth.sign_in.schemas import ChallengeRef, ShownDevice
from accunode_common.schemas import ResponseModel


class AuthenticatorIn(ChallengeRef):
    """A code of the new authenticator."""

    code: Code
    device_token: ShownDevice = None


class EnrolledPasskeyIn(ChallengeRef):
    """A passkey that a browser made just now."""

    label: NewLabel
    credential: NewCredential = Field(description="From `navigator.credentials.create()`.")
    device_token: ShownDevice = None


class SignedInEnrolled(ResponseModel):
    """The sign-in that the enrolment completed."""

    tokens: TokenPair = Field(description="As signing in gives them.")
    recovery_codes: list[str] = Field(
        description="Shown this once: each stands in for the second factor once.",
        examples=[["k7qd-2mxw-5trp-uv3e-6ahs-zb4n", "c4vn-6hzl-3sby-mq2a-x7dt-kp5w"]],
    )
