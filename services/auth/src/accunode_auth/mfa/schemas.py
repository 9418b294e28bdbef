"""What enrolling an authenticator takes and gives."""

from typing import Annotated

from pydantic import Field, StringConstraints

from accunode_common.auth.password_policy import GivenPassword
from accunode_common.http.schemas import InputModel, ResponseModel

Code = Annotated[str, StringConstraints(pattern=r"^[0-9]{6}$")]
AnyCode = Annotated[str, StringConstraints(min_length=6, max_length=30)]


class Enrolment(ResponseModel):
    """What an authenticator is told. It counts once a code of it was confirmed."""

    secret: str = Field(description="In base 32, to type.")
    uri: str = Field(description="An `otpauth:` URI, to show as a QR code.")


class Confirmation(InputModel):
    """A code of the new authenticator."""

    code: Code


class RecoveryCodes(ResponseModel):
    """Codes that each stand in for the authenticator once."""

    recovery_codes: list[str] = Field(description="Shown this once.")


class Removal(InputModel):
    """What shows that the owner is at hand."""

    password: GivenPassword
    code: AnyCode = Field(description="Of the authenticator, or a recovery code.")
