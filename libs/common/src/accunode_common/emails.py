"""E-mail addresses: one check, and one key under which two spellings of an address are the same."""

import re
import unicodedata
from typing import Annotated

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

_LABEL = r"[^\W_](?:[\w-]{0,61}[^\W_])?"
_TOP_LEVEL = r"[^\W\d_](?:[\w-]{0,61}[^\W_])"
_ADDRESS = re.compile(rf"[^\s@\"(),:;<>\[\]\\\x00-\x1f\x7f]{{1,64}}@(?:{_LABEL}\.)+{_TOP_LEVEL}")
_LONGEST = 254


def email_key(address: str) -> str:
    """The key under which an address is known: two addresses have one key only if they are one mailbox.

    The rule: trimmed, in Unicode's composed form (NFC), and in lower case. Nothing else is folded: an eszett is no
    `ss`, and a full-width, ligated or otherwise compatible letter no plain one. Text with such letters is no address
    (see `EmailAddress`), and keeps them as they are, so that its key is no address's.
    """
    tidy = address.strip()
    if not _plain(tidy):
        return tidy
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", tidy).lower())


def _plain(text: str) -> bool:
    """Whether no character stands for others: each is its own compatibility form."""
    return text.isascii() or all(unicodedata.normalize("NFKC", character) == character for character in text)


def _checked(address: str) -> str:
    tidy = unicodedata.normalize("NFC", address.strip())
    if (
        len(tidy) > _LONGEST
        or not _plain(address.strip())
        or not _ADDRESS.fullmatch(tidy)
        or ".." in tidy
        or tidy.startswith(".")
    ):
        raise PydanticCustomError("email", "This is not an e-mail address.")
    return tidy


EmailAddress = Annotated[str, AfterValidator(_checked), Field(json_schema_extra={"format": "email"})]
"""An address somebody could receive mail at. Whether they do is for a verification mail to show."""
