"""Finds formulas without a stored result: a reader would take their cells for blank."""

import re
from typing import IO

_CHUNK_BYTES = 1024 * 1024
_LONGEST_CELL = 40_000
# A result that is an empty text has the type "str"; a formula that was never calculated has no type and no value.
_UNCALCULATED = re.compile(
    rb'<c\b(?![^>]*\bt="str")[^>]*?\br="([A-Z]{1,3}\d{1,7})"(?![^>]*\bt="str")[^>]*>'
    rb"\s*<f\b(?:[^>]*/>|[^>]*>[^<]*</f>)\s*(?:<v\s*/>|<v>\s*</v>)?\s*</c>"
)


def first_uncalculated(sheet: IO[bytes]) -> str | None:
    """The first cell of a sheet's XML whose formula has no result, such as `D7`, or None."""
    tail = b""
    while chunk := sheet.read(_CHUNK_BYTES):
        text = tail + chunk
        if b"<f" in text and (found := _UNCALCULATED.search(text)):
            return found.group(1).decode()
        tail = text[-_LONGEST_CELL:]
    return None
