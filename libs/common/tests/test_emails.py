"""E-mail addresses are checked, and compared without regard to spelling."""

import pytest
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
    assert email_key("ﬁ@x.example") == email_key("fi@x.example")
