"""What an input must be to be scored at all."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypedDict

import numpy as np
from numpy.typing import NDArray

from accunode_scoring.kinds import Kind
from accunode_scoring.least import ANYTHING, Least

ProblemCode = Literal[
    "no_ratios",
    "sentinel",
    "not_finite",
    "not_a_number",
    "unknown_column",
    "required",
    "insufficient_information",
    "implausible",
]

SENTINEL = 1e6
"""Ratios of this magnitude or above are placeholders such as 100000000, not measurements."""

AMOUNT_SENTINEL = 1e8
"""The same for amounts in million."""


class Limits(TypedDict, total=False):
    """What `check_values` and `check_matrix` refuse: magnitudes from `sentinel` on, rows without one of `required`, and
    those with one of `positive` that is not above zero, or with less than `least` of a `kind`."""

    sentinel: float
    required: Sequence[str]
    positive: Sequence[str]
    kind: Kind | None
    least: Least


@dataclass(frozen=True, slots=True)
class InputProblem:
    """Why one column was refused. `column` is empty when the row as a whole is at fault."""

    column: str
    code: ProblemCode
    message: str


class InputRefusedError(ValueError):
    """The row can't be scored; `problems` says why, column by column."""

    def __init__(self, problems: Sequence[InputProblem]) -> None:
        self.problems = tuple(problems)
        super().__init__("; ".join(problem.message for problem in problems))


def _problem(column: str, value: Any, sentinel: float) -> InputProblem | None:
    if isinstance(value, bool) or not isinstance(value, int | float | np.floating | np.integer):
        return InputProblem(column, "not_a_number", f"{column} is not a number: {value!r}")
    value = float(value)
    if math.isinf(value):
        return InputProblem(column, "not_finite", f"{column} is infinite")
    if abs(value) >= sentinel:
        return InputProblem(column, "sentinel", f"{column} is {value:.10g}, a placeholder rather than a measurement")
    return None


def check_values(
    values: Mapping[str, float | None],
    columns: Sequence[str],
    *,
    sentinel: float = SENTINEL,
    required: Sequence[str] = (),
    positive: Sequence[str] = (),
    kind: Kind | None = None,
    least: Least = ANYTHING,
) -> tuple[float, ...]:
    """Values in the order of `columns`, NaN where missing (None, NaN or absent).

    Raises InputRefusedError for infinities, text, magnitudes of `sentinel` and above, unknown columns, `required`
    columns that are missing, `positive` ones that are not above zero, and when less is given than `least` needs.
    """
    row: list[float] = []
    problems: list[InputProblem] = []
    for column in columns:
        value = values.get(column)
        if value is None or (type(value) is float and math.isnan(value)):
            row.append(math.nan)
            continue
        problem = _problem(column, value, sentinel)
        if problem is None:
            row.append(float(value))
        else:
            problems.append(problem)
    if len(values) > len(columns) or not values.keys() <= set(columns):
        problems.extend(
            InputProblem(column, "unknown_column", f"{column} is not a column of this model")
            for column in sorted(values.keys() - set(columns))
        )
    if not problems and all(math.isnan(value) for value in row):
        problems.append(InputProblem("", "no_ratios", "every value is missing"))
    if not problems and kind is not None:
        given = [column for column, value in zip(columns, row, strict=True) if not math.isnan(value)]
        advice = least.advice(kind, given)
        if advice is not None:
            problems.append(InputProblem("", "insufficient_information", advice))
    refused = {problem.column for problem in problems}
    problems.extend(
        InputProblem(column, "required", f"{column} must be given")
        for column in required
        if column not in refused and math.isnan(row[columns.index(column)])
    )
    problems.extend(
        InputProblem(column, "required", f"{column} must be above zero")
        for column in positive
        if column not in refused and row[columns.index(column)] <= 0.0
    )
    if problems:
        raise InputRefusedError(problems)
    return tuple(row)


def check_matrix(
    x: NDArray[np.float64],
    columns: Sequence[str],
    *,
    sentinel: float = SENTINEL,
    required: Sequence[str] = (),
    positive: Sequence[str] = (),
    kind: Kind | None = None,
    least: Least = ANYTHING,
) -> tuple[tuple[int, InputProblem], ...]:
    """Problems of a matrix of shape (n, len(columns)) as (row, problem), in row order; empty if all can be scored."""
    if x.ndim != 2 or x.shape[1] != len(columns):
        raise ValueError(f"expected a matrix of {len(columns)} columns ({', '.join(columns)}), got shape {x.shape}")
    found: list[tuple[int, InputProblem]] = []
    magnitude = np.abs(x)
    doubtful = ~(magnitude < sentinel).any(axis=1) | (magnitude >= sentinel).any(axis=1)
    doubtful |= least.lacking(x, columns)
    for column in required:
        doubtful |= np.isnan(x[:, columns.index(column)])
    for column in positive:
        doubtful |= ~(x[:, columns.index(column)] > 0.0)
    for row in np.flatnonzero(doubtful):
        try:
            values = dict(zip(columns, x[row].tolist(), strict=True))
            check_values(
                values, columns, sentinel=sentinel, required=required, positive=positive, kind=kind, least=least
            )
        except InputRefusedError as refused:
            found.extend((int(row), problem) for problem in refused.problems)
    return tuple(found)
