"""Keeps text from acting as a formula where a spreadsheet opens it (CWE-1236, OWASP "CSV injection")."""

import re

_ACTS = re.compile("'*[=+\\-@\t\r\n\uff1d\uff0b\uff0d\uff20|]")
_KEPT = re.compile("'+[=+\\-@\t\r\n\uff1d\uff0b\uff0d\uff20|]")
_PLAIN_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)
_UNPRINTABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


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
