"""The offline command: a CSV of ratios in, a CSV of scores out."""

import argparse
import csv
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from accunode_scoring.checks import InputProblem, InputRefusedError
from accunode_scoring.kinds import Kind
from accunode_scoring.library import ModelLibrary
from accunode_scoring.ratios import match_heading
from accunode_scoring.score import Score
from accunode_scoring.scorer import TOP_REASONS, Scorer

MISSING_TOKENS = frozenset(("", "-", "nm", "n/a", "na", "nan", "null", "none", "#n/a"))
CARRIED = ("row_id", "company_name", "firm_id", "fiscal_year", "fiscal_quarter")
OUTPUT = (
    "pd",
    "pd_2y",
    "pd_3y",
    "pd_scorecard",
    "pd_lightgbm",
    "pd_low",
    "pd_high",
    "grade",
    "risk_level",
    *(f"reason_{place + 1}" for place in range(TOP_REASONS)),
    "flags",
    "model_version",
    "refused",
)


def main(arguments: Sequence[str]) -> int:
    """Run the command; returns the exit status. A refused row keeps its line with empty scores and says why."""
    parser = argparse.ArgumentParser(prog="accunode_scoring", description="Score companies offline.")
    commands = parser.add_subparsers(dest="command", required=True)
    score = commands.add_parser("score", help="score a CSV file")
    score.add_argument("--kind", type=Kind, choices=list(Kind), required=True)
    score.add_argument("--models", type=Path, help="model folder; the shipped models by default")
    score.add_argument("input", type=Path)
    score.add_argument("output", type=Path)
    options = parser.parse_args(arguments)
    try:
        scorer = ModelLibrary.load(options.models).champion(options.kind)
        accepted, refused = score_file(scorer, options.input, options.output)
    except (OSError, ValueError, LookupError, RuntimeError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stderr.write(f"{accepted} rows scored, {refused} refused\n")
    return 0


def score_file(scorer: Scorer, source: Path, target: Path) -> tuple[int, int]:
    """Score every row of `source` into `target`; returns the numbers of scored and refused rows.

    Raises ValueError when no column of the file is one of the kind's.
    """
    accepted = refused = 0
    with (
        source.open(encoding="utf-8-sig", newline="") as lines,
        target.open("w", encoding="utf-8", newline="") as out,
    ):
        reader = csv.DictReader(lines)
        mapping = _columns(scorer, reader.fieldnames or ())
        carried = [name for name in CARRIED if name in (reader.fieldnames or ())]
        writer = csv.DictWriter(out, [*carried, *OUTPUT])
        writer.writeheader()
        for row in reader:
            line = {name: row[name] for name in carried}
            try:
                line |= _cells(scorer.score({column: _number(column, row[head]) for head, column in mapping.items()}))
                accepted += 1
            except InputRefusedError as error:
                line["refused"] = "; ".join(f"{p.code}:{p.column}" for p in error.problems)
                refused += 1
            writer.writerow(line)
    return accepted, refused


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


def _number(column: str, cell: str | None) -> float | None:
    text = (cell or "").strip()
    if text.casefold() in MISSING_TOKENS:
        return None
    try:
        return float(text)
    except ValueError:
        problem = InputProblem(column, "not_a_number", f"{column} is not a number: {text!r}")
        raise InputRefusedError((problem,)) from None


def _cells(score: Score) -> Iterator[tuple[str, str]]:
    for name in ("pd", "pd_2y", "pd_3y", "pd_scorecard", "pd_lightgbm", "pd_low", "pd_high"):
        yield name, repr(getattr(score, name))
    yield "grade", score.grade
    yield "risk_level", score.risk_level.value
    for place, reason in enumerate(score.reasons[:TOP_REASONS]):
        yield f"reason_{place + 1}", reason.code
    yield "flags", ";".join(map(str, score.flags))
    yield "model_version", score.model_version
