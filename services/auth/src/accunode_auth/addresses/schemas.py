"""What changing the address takes."""

from pydantic import Field

from accunode_auth.registration.schemas import MailedToken
from accunode_common.emails import EmailAddress
from accunode_common.schemas import InputModel
from accunode_identity.password_policy import GivenPassword


class AddressChange(InputModel):
    """The new address."""

    email: EmailAddress = Field(description="Where the mail with the token goes; signs the person in afterwards.")


class AddressConfirmation(InputModel):
    """The token of the mail to the new address, and the password of the account that moves there."""

    token: MailedToken
    password: GivenPassword = Field(
        description="Shows that whoever reads the mail also has the account: nobody gives an address to another's."
    )
