"""What other features say about people."""

from typing import Annotated

from pydantic import AfterValidator, Field, StringConstraints

from accunode_common.emails import EmailAddress
from accunode_common.http.schemas import InputModel, UtcTime
from accunode_common.names import clean_name
from accunode_identity.password_policy import NewPassword

PersonName = Annotated[str, Field(description="First and last name.", examples=["Ada Lovelace"])]
FullName = Annotated[PersonName, StringConstraints(min_length=1, max_length=200), AfterValidator(clean_name)]
ShownEmail = Annotated[
    str, Field(description="The address that signs the person in.", examples=["ada.lovelace@first-national.example"])
]
LastSignIn = Annotated[UtcTime | None, Field(description="When the person last signed in; null for never.")]


class NewPerson(InputModel):
    """An account to make."""

    email: EmailAddress = Field(description="The address that signs them in.")
    full_name: FullName
    password: NewPassword = Field(description="Their first password; they should change it.")
