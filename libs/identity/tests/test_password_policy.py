"""A password is refused that a guesser tries first: a leaked one, a pattern, or what is known of its owner."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from accunode_common.errors import UnprocessableInputError
from accunode_identity.password_policy import LONGEST, NewPassword, guessable, refuse_personal

PASSWORDS: TypeAdapter[str] = TypeAdapter(NewPassword)

LEAKED = ["football1234", "monkey123456", "qazwsxedcrfv", "passwordpassword", "1qaz2wsx3edc4rfv", "manchesterunited1"]
PATTERNS = [
    "Summer2026!!",
    "January2026!!!",
    "FOOTBALL1234",
    "f00tball1234!",
    "aaaaaaaaaaaab",
    "abcdefghijklmnop",
    "letmein letmein",
    "monkey monkey 12",
    "Berlin2026Berlin",
    "31.12.2025!!",
    "qwertzuiopqwertzuiop",
    "accunode2026!!",
    "AccuNode-AccuNode",
]
GOOD = [
    "seven grey herons at dusk",
    "correct horse battery staple",
    "kj3Hd8s2Lq9z",
    "xk7-qplm-93ze",
    "три серых журавля",
    "灰色の鷺が七羽、夕暮れに",
    "Zwölf Äpfel im Schnee",
]
MARKS_ONLY = "\u0301" * 12


@pytest.mark.parametrize("password", [*LEAKED, *PATTERNS, MARKS_ONLY])
def test_a_password_that_is_easy_to_guess_is_refused(password: str) -> None:
    with pytest.raises(ValidationError, match="easy to guess"):
        PASSWORDS.validate_python(password)


@pytest.mark.parametrize("password", GOOD)
def test_a_password_that_is_hard_to_guess_is_taken(password: str) -> None:
    assert PASSWORDS.validate_python(password) == password


@given(
    word=st.sampled_from(["football", "monkey", "dragon", "sunshine", "princess", "summer", "winter", "liverpool"]),
    year=st.integers(1960, 2030),
    tail=st.sampled_from(["", "!", "!!", "?", "#1"]),
    spelling=st.sampled_from([str, str.upper, str.title, lambda text: text.replace("o", "0").replace("e", "3")]),
)
def test_a_word_and_a_year_are_refused_however_they_are_written(word: str, year: int, tail: str, spelling) -> None:  # type: ignore[no-untyped-def]
    assert guessable(f"{spelling(word)}{year}{tail}")


KNOWN = ("ana.lopez@first-national.example", "Ana María López", "First National Bank", "Corporate Credit")


@pytest.mark.parametrize(
    "password",
    [
        "First National Bank",
        "firstnationalbank2026",
        "Lopez-Maria-1985",
        "ana.lopez@first-national.example",
        "CorporateCredit!1",
        "AnaLopez12345",
        "national-accunode-lopez",
    ],
)
def test_a_password_made_of_what_is_known_of_its_owner_is_refused(password: str) -> None:
    with pytest.raises(UnprocessableInputError):
        refuse_personal(password, KNOWN, pointer="/body/password")


@pytest.mark.parametrize("password", [*GOOD, "my bank keeps nineteen umbrellas"])
def test_a_good_password_may_hold_a_common_word_of_its_owners(password: str) -> None:
    refuse_personal(password, KNOWN, pointer="/body/password")


def judged_within(limit: float, password: str) -> bool:
    """Tries three times: a busy machine can only add to a time."""

    def seconds() -> float:
        began = time.process_time()
        guessable(password, KNOWN)
        return time.process_time() - began

    return any(seconds() < limit for _ in range(3))


# Hypothesis would measure what other programs take as well.
@settings(deadline=None)
@given(st.text(min_size=LONGEST, max_size=LONGEST))
def test_judging_takes_no_longer_for_any_text(password: str) -> None:
    assert judged_within(0.5, password)


@pytest.mark.parametrize("unit", ["a", "aB1!", "password1", "l3tm31n", "2026-01-01", "1234567890", "👻", "qwerty"])
def test_judging_takes_milliseconds_for_the_longest_repeats(unit: str) -> None:
    password = (unit * LONGEST)[:LONGEST]
    assert guessable(password)
    assert judged_within(0.2, password)
