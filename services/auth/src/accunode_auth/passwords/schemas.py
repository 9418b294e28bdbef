"""What changing and resetting a password takes."""

from pydantic import Field

from accunode_common.auth.password_policy import GivenPassword, NewPassword
from accunode_common.http.schemas import InputModel


class PasswordChange(InputModel):
    """The old password and the new one."""

    current_password: GivenPassword
    new_password: NewPassword


class ForgottenPassword(InputModel):
    """Whose password was forgotten."""

    email: str = Field(min_length=3, max_length=254)


class PasswordReset(InputModel):
    """The token of a mail, and the new password."""

    token: str = Field(min_length=20, max_length=300)
    new_password: NewPassword
