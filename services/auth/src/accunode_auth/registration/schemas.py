"""What registering takes and gives."""

from typing import Annotated

from pydantic import Field, StringConstraints

from accunode_common.auth.password_policy import NewPassword
from accunode_common.emails import EmailAddress
from accunode_common.http.schemas import InputModel, ResponseModel

FullName = Annotated[str, StringConstraints(max_length=200, pattern=r"^[^\x00-\x1f\x7f]*$")]


class RegisterIn(InputModel):
    """A new account."""

    email: EmailAddress
    password: NewPassword
    full_name: FullName = ""


class Accepted(ResponseModel):
    """The same whatever is known about the address."""

    detail: str


class VerifyEmailIn(InputModel):
    """The token of a verification mail."""

    token: str = Field(min_length=20, max_length=300)
