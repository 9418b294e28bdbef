"""What other features say about people."""

from typing import Annotated

from pydantic import AfterValidator, Field, StringConstraints

from accunode_common.auth.password_policy import NewPassword
from accunode_common.emails import EmailAddress
from accunode_common.http.schemas import InputModel
from accunode_common.names import clean_name

FullName = Annotated[str, StringConstraints(min_length=1, max_length=200), AfterValidator(clean_name)]


class NewPerson(InputModel):
    """An account to make."""

    email: EmailAddress
    full_name: FullName
    password: NewPassword = Field(description="Their first password; they should change it.")
