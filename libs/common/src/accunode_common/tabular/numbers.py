"""Numbers as people write them: percent signs, multiples, parentheses, decimal commas, thousands, missing tokens.

Whether `1,234` is a thousand or a little over one is not in the cell: it is decided for a column from its other cells
(`Evidence`), and a cell that does not fit the decision is not a number rather than a wrong one.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import Enum
from math import isfinite, nan
from typing import Literal

Suffix = Literal["", "%", "x"]

MISSING_TOKENS: frozenset[str] = frozenset(
    token.casefold()
    for token in (
        *(
            "",
            "-",
            "\u2013",
            "\u2014",
            "\u2212",
            "--",
            "NM",
            "n.m.",
            "n/m",
            "N/A",
            "n.a.",
            "NA",
            "#N/A",
            "#NV",
            "#DIV/0!",
        ),
        *("null", "None", "b.d.", "k.A.", "k. A.", "n.v."),
    )
)
"""What stands for no value, casefolded; `#REF!`, `#VALUE!` and the like are broken formulas, not missing values."""

_TRANSLATION = str.maketrans(
    {
        **dict.fromkeys("\u00a0\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u3000", " "),
        **dict.fromkeys("\u2212\u2010\u2011\u2012\u2013\u2014\ufe63\uff0d", "-"),
        **dict.fromkeys("\u2019\u2018\u02bc\u00b4`", "'"),
        **{chr(0xFF10 + digit): str(digit) for digit in range(10)},
        "\uff05": "%",
        "\uff0e": ".",
        "\uff0c": ",",
        "\u00d7": "x",
        "\ufeff": None,
        "\u200b": None,
    }
)

# Nothing is given back once it is matched (`*+`, `++`): a run of spaces would be divided in every way.
_SHAPE = (
    r"(?P<open>\()?\s*+(?P<sign>[+-])?\s*+(?P<body>%s)\s*+(?P<suffix>[%%xX])?\s*+"
    r"(?P<close>\))?\s*+(?P<outer>[%%xX])?(?P<trailing>-)?"
)
_BODY = (
    r"(?:[1-9]\d{0,2}(?P<thousands>[%(group)s '])\d{3}(?:(?P=thousands)\d{3})*+|\d++)(?:%(point)s\d*+)?"
    r"(?:[eE][+-]?\d++)?|%(point)s\d++(?:[eE][+-]?\d++)?"
)
_PATTERNS = {
    ".": re.compile(_SHAPE % (_BODY % {"group": ",", "point": r"\."}), re.ASCII),
    ",": re.compile(_SHAPE % (_BODY % {"group": ".", "point": ","}), re.ASCII),
}
_NOT_FINITE = re.compile(r"\(?\s*+[+-]?\s*+(?:inf(?:inity)?|\u221e|nan)\s*+[%x]?\s*+\)?", re.IGNORECASE)
_BARE = re.compile(r"[\s()%xX+'-]")
_GROUPED = re.compile(r"[1-9]\d{0,2}(?:[.,]\d{3})+", re.ASCII)
_DIGITS = re.compile(r"[.,]*+\d[\d.,]*+", re.ASCII)

_MIXED_SHARE = 0.1


class NumberKind(Enum):
    """What a cell turned out to be."""

    NUMBER = "number"
    MISSING = "missing"
    NOT_A_NUMBER = "not_a_number"
    NOT_FINITE = "not_finite"


@dataclass(frozen=True, slots=True)
class NumberFormat:
    """How a column writes numbers.

    Attributes:
        decimal: `.` or `,`; the other one may separate thousands.
        mixed: Both occur as decimal signs, so a cell that could be read either way is not read at all.
    """

    decimal: Literal[".", ","] = "."
    mixed: bool = False


POINT = NumberFormat(".")
COMMA = NumberFormat(",")


@dataclass(frozen=True, slots=True)
class ParsedNumber:
    """A cell read as a number: `value` is NaN unless `kind` is NUMBER; `suffix` is the unit sign written after it."""

    kind: NumberKind
    value: float = nan
    suffix: Suffix = ""


_MISSING = ParsedNumber(NumberKind.MISSING)
_NOT_A_NUMBER = ParsedNumber(NumberKind.NOT_A_NUMBER)
_INFINITE = ParsedNumber(NumberKind.NOT_FINITE)


def parse_number(
    text: str, number_format: NumberFormat = POINT, *, missing: frozenset[str] = MISSING_TOKENS
) -> ParsedNumber:
    """Read one cell.

    A value is exactly the float of its canonical text: `(1.085,70 %)` in a comma column gives `float("-1085.70")` with
    the suffix `%`. A percent number is not divided by 100.
    """
    plain = text.translate(_TRANSLATION).strip()
    if plain.casefold() in missing or text.strip().casefold() in missing:
        return _MISSING
    match = _PATTERNS[number_format.decimal].fullmatch(plain)
    if match is None:
        return _INFINITE if _NOT_FINITE.fullmatch(plain) else _NOT_A_NUMBER
    opened, sign, body, suffix, closed, outer, trailing = match.group(
        "open", "sign", "body", "suffix", "close", "outer", "trailing"
    )
    if (opened is None) != (closed is None) or (suffix and outer) or (outer and not closed):
        return _NOT_A_NUMBER
    if sum(mark is not None for mark in (opened, sign, trailing)) > 1:
        return _NOT_A_NUMBER
    if number_format.mixed and is_ambiguous(body):
        return _NOT_A_NUMBER
    group = "," if number_format.decimal == "." else "."
    digits = body.replace(group, "").replace(" ", "").replace("'", "").replace(",", ".")
    value = float(digits)
    if not isfinite(value):
        return _INFINITE
    if opened or trailing or sign == "-":
        value = -value
    unit: Suffix = "%" if "%" in (suffix, outer) else "x" if suffix or outer else ""
    return ParsedNumber(NumberKind.NUMBER, value, unit)


def is_ambiguous(body: str) -> bool:
    """Whether digits have one sign that may be a decimal sign or a thousands separator: `1,234`, but not `0,234`."""
    return bool(_GROUPED.fullmatch(body)) and body.count(".") + body.count(",") == 1


@dataclass(slots=True)
class Evidence:
    """How many cells show a decimal point, a decimal comma, or could be either.

    Attributes:
        point: Cells that can only have a decimal point, such as `12.5` or `1,085.70`.
        comma: Cells that can only have a decimal comma.
        unclear_point: Cells such as `1.234`.
        unclear_comma: Cells such as `1,234`.
    """

    point: int = 0
    comma: int = 0
    unclear_point: int = 0
    unclear_comma: int = 0
    example: str = field(default="")

    def see(self, cells: Iterable[object]) -> "Evidence":
        """Count the text cells of a column or a part of it; returns itself."""
        for cell in cells:
            if type(cell) is str and ("." in cell or "," in cell):
                self._see_one(cell)
        return self

    def _see_one(self, cell: str) -> None:
        body = _BARE.sub("", cell.translate(_TRANSLATION)).partition("e")[0].partition("E")[0]
        if not _DIGITS.fullmatch(body):
            return
        points, commas = body.count("."), body.count(",")
        if points and commas:
            decimal = "." if body.rfind(".") > body.rfind(",") else ","
            whole, _, fraction = body.rpartition(decimal)
            if fraction.isdigit() and _GROUPED.fullmatch(whole) and decimal not in whole:
                self._vote(decimal)
            return
        sign = "." if points else ","
        if points + commas > 1:
            if _GROUPED.fullmatch(body):
                self._vote("," if sign == "." else ".")
        elif not is_ambiguous(body):
            self._vote(sign)
        elif sign == ".":
            self.unclear_point += 1
        else:
            self.unclear_comma += 1
            self.example = self.example or cell.strip()

    def _vote(self, decimal: str) -> None:
        if decimal == ".":
            self.point += 1
        else:
            self.comma += 1

    def __add__(self, other: "Evidence") -> "Evidence":
        return Evidence(
            self.point + other.point,
            self.comma + other.comma,
            self.unclear_point + other.unclear_point,
            self.unclear_comma + other.unclear_comma,
            self.example or other.example,
        )

    @property
    def clear(self) -> bool:
        """Whether any cell decides."""
        return self.point + self.comma > 0

    def number_format(self, *, default: NumberFormat = POINT) -> NumberFormat:
        """The majority's format; mixed when a tenth or more of the deciding cells disagree with it."""
        if not self.clear:
            return default
        minority = min(self.point, self.comma)
        mixed = minority >= _MIXED_SHARE * (self.point + self.comma) and minority > 0
        return NumberFormat("," if self.comma > self.point else ".", mixed)


def default_format(evidence: Evidence, delimiter: str | None) -> NumberFormat:
    """The format of a file's undecided columns, from all its columns together.

    With no deciding cell anywhere, `1,234` is a thousand, except in a file that separates cells by semicolons, as
    spreadsheets do where the comma is the decimal sign.
    """
    if evidence.clear:
        return NumberFormat("," if evidence.comma > evidence.point else ".")
    commas_only = evidence.unclear_comma > 0 and evidence.unclear_point == 0
    return COMMA if commas_only and delimiter == ";" else POINT
