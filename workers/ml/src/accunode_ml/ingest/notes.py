"""Which rows are notes, totals or sources rather than companies."""

import re
from collections.abc import Sequence

from accunode_common.tabular import NOTE_MARK

_SUMMARY = re.compile(
    r"(?:(?:grand|sub|overall|portfolio)[\s-]*)?(?:totals?|average|avg|mean|median|sum|minimum|maximum|min|max|count|"
    r"std\.?\s*dev\.?|summe|gesamt|durchschnitt|mittelwert|mittel|anzahl|moyenne|promedio)\s*[:.]?",
    re.IGNORECASE,
)
_NOTE = re.compile(
    r"(?:sources?|notes?|footnotes?|remarks?|comments?|disclaimer|quellen?|hinweise?|anmerkung(?:en)?|fußnote|stand)"
    r"\s*+\d*+\s*+[:.)].*|(?:\*+|\u2020|\u00a9|\(\d\)\s|\[\d\]\s).*"
    r"|(?:as of|prepared (?:by|for)|generated (?:by|on)|end of) .*"
    r"|(?:NM|N/?A|n\.a\.|TTM|LTM)\s*[=:].*",
    re.IGNORECASE | re.DOTALL,
)


def is_marked_note(label: str) -> bool:
    """Whether a row's first text says that the row is a note, as templates do: `# ...`."""
    return label.startswith(NOTE_MARK) or label == NOTE_MARK.strip()


def is_note(texts: Sequence[str], *, has_period: bool, has_numbers: bool, after_gap: bool) -> bool:
    """Whether a row that is no company's is a total, a source line or another note.

    `texts` are its filled cells; `after_gap` tells that the row above is blank or a note, where a lone text is a note
    whatever it says.
    """
    label = texts[0]
    if _SUMMARY.fullmatch(label) and not has_period:
        return True
    if _NOTE.fullmatch(label) and not has_numbers:
        return True
    return len(texts) == 1 and after_gap
