"""What a heading of a file means: the column that it is a known name of, however it is written."""

import re
import unicodedata
from collections.abc import Iterable, Mapping

LONGEST_HEADING = 200

Known = Mapping[str, tuple[str, int]]
"""The keys of known headings: the column each means, and how sure that is, 0 the surest."""

_UNIT = re.compile(
    r"\s*[(\[](?:in )?(?:%|x|times|percent|pct|ratio|musd|m usd|usd m|usd mn|usd million|million usd)[)\]]\s*$"
    r"|\s+(?:in )?(?:%|x|pct|percent)\s*$",
    re.IGNORECASE,
)


def heading_keys(heading: str) -> tuple[str, ...]:
    """A heading's letters and digits, casefolded, with and without a unit at its end; none of a very long one."""
    if len(heading) > LONGEST_HEADING:
        return ()
    plain = unicodedata.normalize("NFKC", heading).casefold()
    keys = ("".join(filter(str.isalnum, part)) for part in (plain, _UNIT.sub("", plain)))
    return tuple(dict.fromkeys(key for key in keys if key))


def known_headings(names: Mapping[str, Iterable[str]]) -> Known:
    """The headings that mean each column, given its names, the surest first; of two columns the first has a name."""
    known: dict[str, tuple[str, int]] = {}
    for column, headings in names.items():
        for rank, heading in enumerate(headings):
            for key in heading_keys(heading):
                known.setdefault(key, (column, rank))
    return known


def meaning(heading: str, known: Known) -> tuple[str, int] | None:
    """The column that a heading means and how sure that is, or None."""
    return next((known[key] for key in heading_keys(heading) if key in known), None)
