"""The offline command: a CSV of ratios or amounts in, a CSV of scores out."""

import argparse
import csv
import sys
from collections.abc import Sequence
from pathlib import Path

from accunode_scoring.kinds import Kind
from accunode_scoring.library import ModelFilesError, ModelLibrary, UnknownModelError
from accunode_scoring.offline import score_file


def main(arguments: Sequence[str]) -> int:
    """Run the command; returns the exit status: 0, or 1 with one sentence on standard error."""
    parser = argparse.ArgumentParser(prog="accunode_scoring", description="Score companies offline.")
    commands = parser.add_subparsers(dest="command", required=True)
    score = commands.add_parser("score", help="score a CSV file")
    score.add_argument("--kind", type=Kind, choices=list(Kind), required=True)
    score.add_argument("--models", type=Path, help="model folder; the shipped models by default")
    score.add_argument("--version", help="model version; the champion by default")
    score.add_argument("--strict", action="store_true", help="refuse every ratio of a million and above")
    score.add_argument("input", type=Path)
    score.add_argument("output", type=Path)
    options = parser.parse_args(arguments)
    try:
        library = ModelLibrary.load(options.models)
        kind = options.kind
        scorer = library.scorer(kind, options.version) if options.version else library.champion(kind)
        accepted, refused = score_file(scorer, options.input, options.output, strict=options.strict)
    except (OSError, ValueError, csv.Error, UnknownModelError, ModelFilesError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stderr.write(f"{accepted} rows scored, {refused} refused\n")
    return 0
