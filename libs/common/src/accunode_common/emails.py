"""E-mail addresses: one check, and one key under which two spellings of an address are the same."""

import unicodedata
from typing import Annotated

from email_validator import EmailNotValidError, ValidatedEmail, validate_email
from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError


def email_key(address: str) -> str:
    """The key under which an address is known: two addresses have one key only if they are one mailbox.

    The rule: trimmed; the local part in Unicode's composed form (NFC) and in lower case; the domain as the DNS knows it
    (IDNA 2008, in ASCII). Nothing else is folded: an eszett is no `ss`, and a full-width, ligated or otherwise
    compatible letter no plain one. Text with such letters is no address (see `EmailAddress`). What is no address keeps
    its text as it is, so that its key is no address's.
    """
    parsed = _parsed(address.strip())
    if parsed is None:
        return address.strip()
    local = unicodedata.normalize("NFC", parsed.local_part.lower())
    return f"{local}@{str(parsed.ascii_domain).lower()}"


def _parsed(address: str) -> ValidatedEmail | None:
    if not _plain(address):
        return None
    try:
        parsed = validate_email(address, check_deliverability=False, strict=True)
    except EmailNotValidError:
        return None
    top_level = str(parsed.ascii_domain).rpartition(".")[2]
    return parsed if len(top_level) > 1 else None


def _plain(text: str) -> bool:
    """Whether no character stands for others: each is its own compatibility form."""
    return text.isascii() or all(unicodedata.normalize("NFKC", character) == character for character in text)


def _checked(address: str) -> str:
    tidy = unicodedata.normalize("NFC", address.strip())
    if _parsed(address.strip()) is None:
        raise PydanticCustomError("email", "This is not an e-mail address.")
    return tidy


EmailAddress = Annotated[str, AfterValidator(_checked), Field(json_schema_extra={"format": "email"})]
"""An address somebody could receive mail at. Whether they do is for a verification mail to show."""
