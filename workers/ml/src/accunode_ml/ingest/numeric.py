"""The numeric columns of an upload: how they write numbers, and what is wrong with a cell."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from accunode_common.tabular import (
    POINT,
    Cell,
    Evidence,
    NumberFormat,
    NumberKind,
    default_format,
    parse_column,
)
from accunode_common.tabular.numbers import Suffix
from accunode_ml.ingest.cells import cell_as_written
from accunode_ml.ingest.model import Problem, RejectCode
from accunode_ml.ingest.octets import having, octets_of, table
from accunode_scoring import SENTINEL, Ratio
from accunode_scoring.checks import AMOUNT_SENTINEL

_SAMPLED_CELLS = 2_000
_ENOUGH_TO_JUDGE = 20
_SHOWN_CHARS = 200
_DIGITS = table(b"0123456789")
_POINT_SIGNS = table(b"0123456789+-.eE")
_COMMA_SIGNS = table(b"0123456789+-,eE")
_SUFFIXES: Mapping[str, Suffix] = {"percent": "%", "multiple": "x", "amount": ""}
_WRONG_SUFFIX: Mapping[tuple[str, str], str] = {
    ("percent", "x"): "is a multiple, but this column holds percentages",
    ("multiple", "%"): "is a percentage, but this column holds multiples such as 3.2",
    ("amount", "%"): "is a percentage, but this column holds amounts",
    ("amount", "x"): "is a multiple, but this column holds amounts",
}


@dataclass(frozen=True, slots=True)
class FileNumbers:
    """How a file writes numbers: in general, and column by column."""

    general: NumberFormat
    formats: Mapping[str, NumberFormat]
    warnings: tuple[str, ...]


def judge_numbers(columns: Mapping[str, Sequence[Cell]], inputs: Sequence[Ratio], delimiter: str | None) -> FileNumbers:
    """Decide from samples of the numeric columns how each writes numbers, and what looks suspicious."""
    evidence = {name: Evidence().see(_sample(cells)) for name, cells in columns.items()}
    total = sum(evidence.values(), start=Evidence())
    general = default_format(total, delimiter)
    formats = {name: seen.number_format(default=general) for name, seen in evidence.items()}
    warnings: list[str] = []
    if total.unclear_comma and not total.clear:
        reading = "a decimal" if general.decimal == "," else "a thousands"
        warnings.append(
            f"Numbers such as {total.example} were read with {reading} comma; nothing in the file says which."
        )
    warnings.extend(
        f"The column {name} uses both decimal points and decimal commas; numbers that could be either were refused."
        for name, number_format in formats.items()
        if number_format.mixed
    )
    warnings.extend(
        f"All values of {ratio.name} lie between -1 and 1; percentages are expected as percent numbers "
        "(12.5 for 12.5 %), not as fractions."
        for ratio in inputs
        if ratio.unit == "percent" and _looks_like_fractions(columns[ratio.name], formats[ratio.name])
    )
    return FileNumbers(general, formats, tuple(warnings))


def read_input(
    cells: Sequence[Cell] | pa.StringArray, ratio: Ratio, heading: str, number_format: NumberFormat
) -> tuple[NDArray[np.float64], dict[int, Problem]]:
    """A ratio's values, shape (n,), NaN where missing or wrong, and what is wrong by position."""
    limit = AMOUNT_SENTINEL if ratio.unit == "amount" else SENTINEL
    if isinstance(cells, pa.Array):
        values, odd = plain_numbers(cells, number_format, limit)
        places = np.flatnonzero(odd)
        values[places], found = read_input(cells.take(pa.array(places)).to_pylist(), ratio, heading, number_format)
        return values, {int(places[place]): each for place, each in found.items()}
    column = parse_column(cells, number_format, suffix=_SUFFIXES[ratio.unit])
    values = column.values
    problems = {
        position: _kind_problem(kind, ratio, heading, cells[position], number_format)
        for position, kind in column.problems.items()
    }
    for position, suffix in column.suffixes.items():
        reason = _WRONG_SUFFIX[ratio.unit, suffix]
        problems[position] = problem(RejectCode.UNPARSEABLE_NUMBER, ratio.name, heading, cells[position], reason)
    with np.errstate(invalid="ignore"):
        beyond = np.flatnonzero(np.abs(values) >= limit)
    for position in beyond.tolist():
        problems[position] = problem(
            RejectCode.SENTINEL,
            ratio.name,
            heading,
            cells[position],
            "is a placeholder rather than a measurement; leave the cell blank if there is no value",
        )
    if problems:
        values[list(problems)] = np.nan
    return values, problems


def plain_numbers(
    texts: pa.StringArray, number_format: NumberFormat, limit: float
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """The numbers of a column of text, NaN where blank, and which cells have to be looked at one by one.

    Those are all that have more than digits, signs and points, and those beyond the limit.
    """
    octets, offsets = octets_of(texts)
    filled = offsets[1:] > offsets[:-1]
    odd = np.zeros(len(texts), dtype=bool)
    values = _cast(texts, filled) if number_format == POINT else None
    if values is None and not number_format.mixed:
        signs = _COMMA_SIGNS if number_format.decimal == "," else _POINT_SIGNS
        odd = filled & (having(offsets, ~signs[octets]) | ~having(offsets, _DIGITS[octets]))
        values = _cast(pc.replace_substring(texts, ",", "."), filled & ~odd)
    if values is None:
        return np.full(len(texts), np.nan), filled
    with np.errstate(invalid="ignore"):
        # Arrow also takes `inf` and `nan`.
        return values, odd | (np.abs(values) >= limit) | (filled & np.isnan(values))


def _cast(texts: pa.StringArray, chosen: NDArray[np.bool_]) -> NDArray[np.float64] | None:
    """The numbers of the chosen cells, NaN elsewhere; None when one is no number."""
    try:
        numbers = pc.if_else(pa.array(chosen), texts, None).cast(pa.float64())
    except pa.ArrowInvalid:
        return None
    return np.array(numbers.to_numpy(zero_copy_only=False))


def problem(code: RejectCode, column: str, heading: str, cell: Cell, reason: str) -> Problem:
    """What is wrong with one cell, in a sentence that starts with the file's own heading."""
    value = cell_as_written(cell)[:_SHOWN_CHARS]
    return Problem(code, column, f"{heading}: '{value}' {reason}.", value)


def _kind_problem(kind: NumberKind, ratio: Ratio, heading: str, cell: Cell, number_format: NumberFormat) -> Problem:
    if kind is NumberKind.NOT_FINITE:
        return problem(
            RejectCode.NOT_FINITE,
            ratio.name,
            heading,
            cell,
            "is not a finite number; leave the cell blank if there is no value",
        )
    sign = "comma" if number_format.decimal == "," else "point"
    return problem(
        RejectCode.UNPARSEABLE_NUMBER,
        ratio.name,
        heading,
        cell,
        f"is not a number with a decimal {sign}, as this column has; leave the cell blank if there is no value",
    )


def _sample(cells: Sequence[Cell]) -> Sequence[Cell]:
    return cells[:: max(1, len(cells) // _SAMPLED_CELLS)]


def _looks_like_fractions(cells: Sequence[Cell], number_format: NumberFormat) -> bool:
    column = parse_column(_sample(cells), number_format, suffix="")
    values = column.values[np.isfinite(column.values)]
    if column.suffixes or len(values) < _ENOUGH_TO_JUDGE:
        return False
    return bool(np.abs(values).max() <= 1 and np.count_nonzero(values) >= _ENOUGH_TO_JUDGE)
