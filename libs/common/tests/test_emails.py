"""E-mail addresses are checked, and compared without regard to spelling."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from accunode_common.emails import EmailAddress, email_key

address = TypeAdapter(EmailAddress)


@pytest.mark.parametrize("text", ["a@b.co", "first.last+tag@sub.example.com", "Zoë@exämple.org", "o'neil@x-y.example"])
def test_an_address_is_accepted(text: str) -> None:
    assert address.validate_python(f"  {text} ") == text


@pytest.mark.parametrize(
    "text",
    [
        *[
            "",
            "a",
            "a@b",
            "@b.co",
            "a@.co",
            "a b@c.de",
            "a@b..co",
            ".a@b.co",
            "a@b.c",
            "a@b.co\nbcc:x@y.zz",
            "a@b@c.de",
        ],
        *["a@b.co\0", "x" * 65 + "@b.co", "a@" + "b." * 130 + "co", "<a@b.co>", "a@127.0.0.1", "a@-b.co", "a@b_.co"],
    ],
)
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(ValidationError):
        address.validate_python(text)


def test_spellings_of_one_address_have_one_key() -> None:
    assert email_key(" Ana@Bank.Example ") == email_key("ana@bank.example")
    assert email_key("Zo\u0065\u0308@x.example") == email_key("zo\u00eb@x.example")


@given(st.emails() | st.text(max_size=30).map(lambda local: f"{local}@bank.example"))
def test_no_key_of_plain_letters_is_that_of_others(address: str) -> None:
    key = email_key(address)
    if key.isascii():
        assert address.strip().isascii()
        assert key == address.strip().lower()


@given(st.text(max_size=30), st.text(max_size=30))
def test_two_addresses_have_one_key_only_by_the_rule(one: str, other: str) -> None:
    def by_the_rule(text: str) -> str:
        return unicodedata.normalize("NFC", unicodedata.normalize("NFC", text.strip()).lower())

    if email_key(one) == email_key(other):
        assert by_the_rule(one) == by_the_rule(other)


LOOK_ALIKES = [
    ("stra\u00dfe", "strasse"),
    ("\uff41da", "ada"),
    ("\ufb01nance", "finance"),
    ("\u212aate", "kate"),
    ("m\u0131ke", "mike"),
    ("\u017fam", "sam"),
    ("\u2460", "1"),
    ("\u0130da", "ida"),
    ("\u0430da", "ada"),
]


@pytest.mark.parametrize(("alike", "plain"), LOOK_ALIKES)
def test_no_look_alike_has_the_key_of_plain_letters(alike: str, plain: str) -> None:
    for domain in ("bank.example", f"{plain}.example"):
        assert email_key(f"{alike}@{domain}") != email_key(f"{plain}@{domain}")
    assert email_key(f"a@{alike}.example") != email_key(f"a@{plain}.example")
