"""What changing and resetting a password takes."""

from typing import Annotated

from pydantic import Field

from accunode_auth.registration.schemas import MailedToken
from accunode_auth.sessions.schemas import DeviceToken
from accunode_common.schemas import InputModel, ResponseModel
from accunode_identity.password_policy import GivenPassword, NewPassword
from accunode_identity.schemas import ShownEmail

ChosenPassword = Annotated[
    NewPassword,
    Field(description="At least 12 characters, and not easy to guess.", examples=["seven grey herons at dusk"]),
]


class PasswordChange(InputModel):
    """The old password and the new one."""

    current_password: GivenPassword = Field(description="Shows that the owner is at hand.")
    new_password: ChosenPassword


class ForgottenPassword(InputModel):
    """Whose password was forgotten."""

    email: ShownEmail = Field(min_length=3, max_length=254, description="The account's address, known or not.")


class PasswordReset(InputModel):
    """The token of a mail, and the new password."""

    token: MailedToken
    new_password: ChosenPassword


class PasswordSet(ResponseModel):
    """The new password counts."""

    device_token: DeviceToken = Field(description="For POST /auth/login: this device is known.")
