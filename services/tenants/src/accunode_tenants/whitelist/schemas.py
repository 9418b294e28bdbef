"""The whitelist, as clients see it."""

from typing import Annotated, Self
from uuid import UUID

from pydantic import Field, model_validator

from accunode_common.emails import EmailAddress
from accunode_common.schemas import InputModel, ResponseModel, UtcTime

MOST_AT_ONCE = 1000


class WhitelistIn(InputModel):
    """One address, or many."""

    email: EmailAddress | None = Field(
        default=None, description="The one address.", examples=["ada.lovelace@first-national.example"]
    )
    emails: Annotated[list[EmailAddress], Field(min_length=1, max_length=MOST_AT_ONCE)] | None = Field(
        default=None, description="The addresses, if they are many; repeated ones count once."
    )

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if (self.email is None) == (self.emails is None):
            raise ValueError("Give either `email` or `emails`.")
        return self

    @property
    def addresses(self) -> list[str]:
        """The addresses, however they were given."""
        return self.emails if self.emails is not None else [self.email or ""]


class WhitelistOut(ResponseModel):
    """An address that may join."""

    email: str = Field(description="In lower case.", examples=["ada.lovelace@first-national.example"])
    added_by: UUID = Field(description="Who put it on the list.")
    added_at: UtcTime = Field(description="When it was put on the list.")


class WhitelistAdded(ResponseModel):
    """What came of adding addresses."""

    added: int = Field(description="Addresses that are new on the list.", examples=[1])
    already_there: int = Field(description="Addresses that were on it before.", examples=[0])
