"""What registering takes and gives."""

from typing import Annotated

from pydantic import Field

from accunode_common.emails import EmailAddress
from accunode_common.schemas import InputModel, ResponseModel
from accunode_identity.password_policy import GivenPassword, NewPassword
from accunode_identity.schemas import FullName

MailedToken = Annotated[
    str,
    Field(
        min_length=20,
        max_length=300,
        description="From the link in the mail; good once.",
        examples=["9Wd0Qk3yUuC2o1fJ5m7Rr8Zt4LhXs6Va"],
    ),
]


class RegisterIn(InputModel):
    """A new account."""

    email: EmailAddress = Field(description="Where the verification mail goes; signs the person in later.")
    password: NewPassword = Field(description="At least 12 characters, and not easy to guess.")
    full_name: FullName = ""


class Accepted(ResponseModel):
    """The same whatever is known about the address."""

    detail: str = Field(description="What happens next.", examples=["A mail is on its way to the address."])


class VerifyEmailIn(InputModel):
    """The token of a verification mail, and the password that the account was registered with."""

    token: MailedToken
    password: GivenPassword = Field(
        description="Shows that whoever reads the mail also made the account; who did not resets the password instead."
    )
