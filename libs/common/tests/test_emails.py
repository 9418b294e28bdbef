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
    assert email_key("ana@Ex\u00e4mple.org") == email_key("ana@xn--exmple-cua.org") == "ana@xn--exmple-cua.org"


def test_what_is_no_address_has_the_key_of_no_address() -> None:
    for text in ("a@b", "Ada@\uff41da.example", "a@b..co", " a b@c.de"):
        key = email_key(text)
        assert key == text.strip()
        with pytest.raises(ValidationError):
            address.validate_python(key)


LOCAL = st.text(max_size=20) | st.text("aAbB.\u00e9\u00c9\u0301", max_size=8)
DOMAIN = st.sampled_from(
    ["bank.example", "Bank.Example", "b\u00e4nk.example", "xn--bnk-qla.example", "B\u00c4NK.example"]
)


@given(LOCAL, LOCAL, DOMAIN, DOMAIN)
def test_two_addresses_have_one_key_only_by_the_rule(one: str, other: str, here: str, there: str) -> None:
    def by_the_rule(local: str, domain: str) -> tuple[str, bytes]:
        lowered = unicodedata.normalize("NFC", unicodedata.normalize("NFC", local.strip()).lower())
        return lowered, domain.lower().encode("idna")

    if email_key(f"{one}@{here}") == email_key(f"{other}@{there}"):
        assert by_the_rule(one, here) == by_the_rule(other, there)


@given(st.emails() | LOCAL.map(lambda local: f"{local}@bank.example"))
def test_no_key_of_plain_letters_is_that_of_others(text: str) -> None:
    local = email_key(text).rpartition("@")[0]
    if local.isascii():
        assert text.strip().rpartition("@")[0].lower() == local.lower()


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
