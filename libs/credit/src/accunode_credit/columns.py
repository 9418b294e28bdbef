"""The columns of a stored prediction: what it was scored from, what the score is, and what is kept when it is replaced.

Three edits replace a prediction, and each keeps it first as `kept_version` says. New inputs, by a request or by the row
of an upload, set `INPUT_COLUMNS`, `SCORE_COLUMNS` and `SOURCE_COLUMNS` (a request leaves the source empty); scoring a
portfolio again sets `SCORE_COLUMNS` alone. Jobs pass over a prediction whose `DECISIVE_COLUMNS` stay as
they are; a request always makes a version, as its caller asked for one.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import ColumnElement, func
from sqlalchemy.orm.util import AliasedClass

from accunode_credit.models.credit import Prediction
from accunode_scoring import PROBABILITIES, RATIOS, TOP_REASONS, Kind, Score, derive_ratios

INPUTS: Mapping[Kind, tuple[str, ...]] = {kind: tuple(ratio.name for ratio in RATIOS[kind]) for kind in Kind}
"""What each kind is scored from: ratios, or the amounts of a statement."""

RATIO_COLUMNS = tuple(dict.fromkeys((*INPUTS[Kind.ANNUAL], *INPUTS[Kind.QUARTERLY])))
"""Every ratio that a stored prediction has room for; those that its kind has not, and that do not follow, stay null."""

INPUT_COLUMNS = (*RATIO_COLUMNS, "amounts")
SCORE_COLUMNS = (*PROBABILITIES, "grade", "risk_level", "reason_codes", "flags", "model_version")
SOURCE_COLUMNS = ("job_id", "row_number")
DECISIVE_COLUMNS = (*INPUT_COLUMNS, "model_version", "grade")
"""Two scores of a prediction that agree in these agree in everything: the grade stands for the master scale."""

KEPT = ("ratios", *SCORE_COLUMNS, *SOURCE_COLUMNS, "updated_at")
"""What an earlier version keeps; `ratios` has all inputs of the kind."""

_UTC = 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'

Predictions = type[Prediction] | AliasedClass[Prediction]


def inputs_of(prediction: Prediction) -> dict[str, float | None]:
    """What was scored, by column name: the stored ratios, or the amounts of a statement; None where missing."""
    names = INPUTS[Kind(prediction.kind)]
    if prediction.kind == Kind.STATEMENT:
        return {name: (prediction.amounts or {}).get(name) for name in names}
    return {name: getattr(prediction, name) for name in names}


def select_inputs(kind: Kind, predictions: Predictions = Prediction) -> list[ColumnElement[float | None]]:
    """The same as columns of a statement, each under its name."""
    if kind is Kind.STATEMENT:
        return [predictions.amounts[name].as_float().label(name) for name in INPUTS[kind]]
    return [getattr(predictions, name) for name in INPUTS[kind]]


def stored_inputs(kind: Kind, values: Mapping[str, float | None]) -> dict[str, Any]:
    """What was scored, by the columns it is stored in; with a statement's amounts the ratios that follow from them."""
    if kind is not Kind.STATEMENT:
        return {name: values.get(name) for name in INPUTS[kind]}
    derived = derive_ratios(values)
    given = {name: value for name, value in values.items() if value is not None}
    return {**{name: derived[name] for name in RATIO_COLUMNS}, "amounts": given}


def stored_score(score: Score) -> dict[str, Any]:
    """A score by the columns it is stored in."""
    return {
        **{name: getattr(score, name) for name in (*PROBABILITIES, "grade", "model_version")},
        "risk_level": score.risk_level.value,
        "reason_codes": [reason.code for reason in score.reasons[:TOP_REASONS]],
        "flags": [str(flag) for flag in score.flags],
    }


def input_matrix(rows: Sequence[Mapping[Any, Any]], columns: Sequence[str]) -> NDArray[np.float64]:
    """The inputs of n rows as a matrix of shape (n, len(columns)), NaN where missing."""
    matrix = np.empty((len(rows), len(columns)))
    for place, column in enumerate(columns):
        matrix[:, place] = [np.nan if (value := row.get(column)) is None else value for row in rows]
    return matrix


def kept_version(kind: Kind, predictions: Predictions = Prediction) -> ColumnElement[Any]:
    """What an earlier version keeps, as one JSON object: all inputs under `ratios`, the score, its source and time."""
    inputs = func.jsonb_build_object(*_pairs(select_inputs(kind, predictions)))
    rest = [getattr(predictions, name) for name in KEPT[1:-1]]
    time = func.to_char(func.timezone("UTC", predictions.updated_at), _UTC)
    kept: ColumnElement[Any] = func.jsonb_build_object("ratios", inputs, *_pairs(rest), "updated_at", time)
    return kept


def _pairs(columns: Sequence[ColumnElement[Any]]) -> list[Any]:
    return [part for column in columns for part in (column.key, column)]
