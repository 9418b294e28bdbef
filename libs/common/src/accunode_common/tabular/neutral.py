"""Keeps text from acting as a formula where a spreadsheet opens it (CWE-1236, OWASP "CSV injection")."""

import re
from collections.abc import Sequence

_ACTS = re.compile("'*[=+\\-@\t\r\n\uff1d\uff0b\uff0d\uff20|]")
_KEPT = re.compile("'+[=+\\-@\t\r\n\uff1d\uff0b\uff0d\uff20|]")
_PLAIN_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)
_UNPRINTABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_MAY_ACT = re.compile("\"['=+\\-@\uff1d\uff0b\uff0d\uff20|]")


def are_plain(texts: Sequence[str], special: str) -> bool:
    """Whether all of many texts can be written as they are, which one look at them together tells of most columns.

    None of them has a character that is not printable, a quotation mark or one of `special`, or starts like a formula.
    """
    joined = '"' + '"'.join(texts)
    if joined.count('"') != len(texts) or any(character in joined for character in special):
        return False
    return joined.isprintable() and not _MAY_ACT.search(joined)


def neutralise(text: str) -> str:
    """Text that starts like a formula gets an apostrophe in front; numbers stay as they are."""
    if _ACTS.match(text) and not _PLAIN_NUMBER.fullmatch(text):
        return f"'{text}"
    return text


def restore(text: str) -> str:
    """What `neutralise` was given."""
    return text[1:] if _KEPT.match(text) else text


def printable(text: str) -> str:
    """Text without the control characters that PostgreSQL, XML or a terminal cannot take."""
    return _UNPRINTABLE.sub("", text)
