"""Scores a CSV file without any service."""

import csv
import math
from collections.abc import Iterator, Sequence
from pathlib import Path

from accunode_scoring.checks import SENTINEL, InputProblem, InputRefusedError
from accunode_scoring.kinds import Kind
from accunode_scoring.ratios import match_heading
from accunode_scoring.score import PROBABILITIES, TOP_REASONS, Score
from accunode_scoring.scorer import Scorer

MISSING_TOKENS = frozenset(
    ("", "-", "\u2013", "\u2014", "k.a.", "b.d.", "nm", "n/a", "na", "n.a.", "nan", "null", "none", "#n/a", "#div/0!")
)
CARRIED = ("row_id", "company_name", "firm_id", "fiscal_year", "fiscal_quarter")
OUTPUT = (
    *PROBABILITIES,
    "grade",
    "risk_level",
    *(f"reason_{place + 1}" for place in range(TOP_REASONS)),
    "flags",
    "model_version",
    "refused",
)

Row = dict[str, str]
Values = dict[str, float | None]


def score_file(scorer: Scorer, source: Path, target: Path, *, strict: bool = False) -> tuple[int, int]:
    """Score every row of `source` into `target`, in order; returns the numbers of scored and refused rows.

    A refused row keeps its line, with empty scores and the reason. Absurd ratios of a million and above are refused
    when `strict` or when they look like placeholders (100000000, 9999999); others are scored at the edge of the range
    and flagged. Raises ValueError when the file has no column of the kind.
    """
    with source.open(encoding="utf-8-sig", newline="") as lines:
        reader = csv.DictReader(lines)
        header = list(reader.fieldnames or ())
        rows = list(reader)
    mapping = _columns(scorer, header)
    carried = [name for name in CARRIED if name in header]
    accepted = 0
    with target.open("w", encoding="utf-8", newline="") as out:
        writer = csv.DictWriter(out, [*carried, *OUTPUT])
        writer.writeheader()
        for row in rows:
            line = {name: row[name] for name in carried}
            try:
                values = _values(row, mapping)
                if scorer.kind is not Kind.STATEMENT and not strict:
                    values = {column: _within_range(value) for column, value in values.items()}
                line |= _cells(scorer.score(values))
                accepted += 1
            except InputRefusedError as error:
                line["refused"] = "; ".join(f"{p.code}:{p.column}" if p.column else p.code for p in error.problems)
            writer.writerow(line)
    return accepted, len(rows) - accepted


def _columns(scorer: Scorer, header: Sequence[str]) -> dict[str, str]:
    """Column of the model by heading of the file."""
    mapping: dict[str, str] = {}
    for heading in header:
        ratio = match_heading(scorer.kind, heading)
        if ratio is not None and ratio.name not in mapping.values():
            mapping[heading] = ratio.name
    if not mapping:
        raise ValueError(f"no column of the file is known; expected some of {', '.join(scorer.columns)}")
    return mapping


def _values(row: Row, mapping: dict[str, str]) -> Values:
    problems: list[InputProblem] = []
    values: Values = {}
    for heading, column in mapping.items():
        text = (row[heading] or "").strip()
        try:
            values[column] = None if text.casefold() in MISSING_TOKENS else _number(text)
        except ValueError:
            problems.append(InputProblem(column, "not_a_number", f"{column} is not a number: {text!r}"))
    if problems:
        raise InputRefusedError(problems)
    return values


def _number(text: str) -> float:
    if "_" in text:
        raise ValueError("underscores are no part of a number")
    return float(text)


def _within_range(value: float | None) -> float | None:
    if value is None or not SENTINEL <= abs(value) < math.inf or looks_like_placeholder(value):
        return value
    return math.copysign(math.nextafter(SENTINEL, 0.0), value)


def looks_like_placeholder(value: float) -> bool:
    """Whether a large number is one that people type for `none`: a power of ten, or nothing but nines."""
    digits = f"{abs(value):.0f}"
    return set(digits) == {"9"} or digits.rstrip("0") == "1"


def _cells(score: Score) -> Iterator[tuple[str, str]]:
    for name in PROBABILITIES:
        yield name, repr(getattr(score, name))
    yield "grade", score.grade
    yield "risk_level", score.risk_level.value
    for place, reason in enumerate(score.reasons[:TOP_REASONS]):
        yield f"reason_{place + 1}", reason.code
    yield "flags", ";".join(map(str, score.flags))
    yield "model_version", score.model_version
