"""What a password must be: long, and not what a guesser tries first (NIST SP 800-63B section 5.1.1)."""

import unicodedata
from typing import Annotated

from pydantic import AfterValidator, Field, StringConstraints
from pydantic_core import PydanticCustomError

from accunode_common.emails import email_key
from accunode_common.errors import UnprocessableInputError

SHORTEST = 12
LONGEST = 200
_FEWEST_CHARACTERS = 5
_COMMON = (
    "password",
    "passwort",
    "qwertyuiop",
    "asdfghjkl",
    "letmein",
    "iloveyou",
    "welcome",
    "administrator",
    "1234567890",
    "0987654321",
    "abcdefghij",
    "changeme",
    "accunode",
)


def _checked(password: str) -> str:
    composed = unicodedata.normalize("NFC", password)
    bare = "".join(character for character in composed.casefold() if character.isalnum())
    rest = bare
    for word in _COMMON:
        rest = rest.replace(word, "")
    if len(set(composed)) < _FEWEST_CHARACTERS or (len(rest) < len(bare) and len(rest) < SHORTEST // 2):
        raise PydanticCustomError("common_password", "This password is easy to guess.")
    return composed


def _composed(password: str) -> str:
    return unicodedata.normalize("NFC", password)


_kept_spaces = StringConstraints(strip_whitespace=False)

NewPassword = Annotated[
    str,
    _kept_spaces,
    Field(min_length=SHORTEST, max_length=LONGEST, json_schema_extra={"format": "password"}),
    AfterValidator(_checked),
]
GivenPassword = Annotated[
    str,
    _kept_spaces,
    Field(min_length=1, max_length=LONGEST, json_schema_extra={"format": "password"}),
    AfterValidator(_composed),
]


def refuse_own_email(password: str, email: str, *, pointer: str) -> None:
    """Do nothing unless the password is made of the address.

    Raises:
        UnprocessableInputError: It is.
    """
    local = email_key(email).partition("@")[0]
    if email_key(email) in password.casefold() or (len(local) >= SHORTEST // 2 and local in password.casefold()):
        raise UnprocessableInputError.at(pointer, "password_has_email", "The password contains the e-mail address.")
