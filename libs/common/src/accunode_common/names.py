"""Names as people write them, and the key by which two spellings are the same."""

import unicodedata


def clean_name(name: str) -> str:
    """`name` as it is kept: composed characters, single spaces, none at the ends."""
    return " ".join(unicodedata.normalize("NFC", name).split())


def name_key(name: str) -> str:
    """The key of a name: case, width and spacing make no difference, everything else does."""
    return " ".join(unicodedata.normalize("NFKC", name).casefold().split())


def clean_symbol(symbol: str) -> str:
    """A ticker or other short code as it is kept: upper case, single spaces, none at the ends."""
    return clean_name(symbol).upper()
