"""The columns of a stored prediction: what it was scored from, what the score is, and what is kept when it is replaced.

Three edits replace a prediction, and each keeps it first, as `earlier_versions` does. New inputs, by a request or by
the row of an upload, set `INPUT_COLUMNS`, `SCORE_COLUMNS` and `SOURCE_COLUMNS` (a request leaves the source empty);
scoring a portfolio again sets `SCORE_COLUMNS` alone. Jobs pass over a prediction whose `DECISIVE_COLUMNS` stay as they
are; a request always makes a version, as its caller asked for one.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import ColumnElement, Text, case, cast, func
from sqlalchemy.orm.util import AliasedClass

from accunode_credit.models.credit import Prediction
from accunode_scoring import PROBABILITIES, RATIOS, TOP_REASONS, Kind, Score, derive_ratios
from accunode_scoring.codes import codes_of, numbers_of

INPUTS: Mapping[Kind, tuple[str, ...]] = {kind: tuple(ratio.name for ratio in RATIOS[kind]) for kind in Kind}
"""What each kind is scored from: ratios, or the amounts of a statement."""

RATIO_COLUMNS = tuple(dict.fromkeys((*INPUTS[Kind.ANNUAL], *INPUTS[Kind.QUARTERLY])))
"""Every ratio that a stored prediction has room for; those that its kind has not, and that do not follow, stay null."""

INPUT_COLUMNS = (*RATIO_COLUMNS, "amounts")
SCORE_COLUMNS = (
    *(*PROBABILITIES, "log_odds_shift"),
    *("grade", "risk_level", "reason_numbers", "flag_numbers", "model_version"),
)
WORD_COLUMNS = ("reason_codes", "flags")
"""Reasons and flags in words, of the release before. They count where there are any: whoever sets the numbers sets
these to their default, which is empty."""

NO_WORDS: Mapping[str, list[str]] = MappingProxyType({"reason_words": [], "flag_words": []})
"""That default, by the names of the table's class."""

SOURCE_COLUMNS = ("job_id", "row_number")
DECISIVE_COLUMNS = (*INPUT_COLUMNS, "model_version", "log_odds_shift", "grade", "risk_level")
"""Two scores of a prediction that agree in these agree in everything: grade and level stand for the master scale, the
shift for the central tendency."""

DECISIVE_OF_SCORE = tuple(name for name in DECISIVE_COLUMNS if name in SCORE_COLUMNS)
"""The same where the inputs stay, as when a portfolio is scored again."""

KEPT = (
    "ratios",
    *(*PROBABILITIES, "log_odds_shift", "grade", "risk_level", *WORD_COLUMNS, "model_version"),
    *SOURCE_COLUMNS,
    "updated_at",
)
"""What an earlier version keeps; `ratios` has all inputs of the kind."""

_UTC = 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'

Predictions = type[Prediction] | AliasedClass[Prediction]


def inputs_of(prediction: Prediction) -> dict[str, float | None]:
    """What was scored, by column name: the stored ratios, or the amounts of a statement; None where missing."""
    names = INPUTS[prediction.kind]
    if prediction.kind == Kind.STATEMENT:
        return {name: (prediction.amounts or {}).get(name) for name in names}
    return {name: getattr(prediction, name) for name in names}


def select_inputs(kind: Kind, predictions: Predictions = Prediction) -> list[ColumnElement[float | None]]:
    """Select the inputs of a prediction, each under its name."""
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


def shown_score(score: Score) -> dict[str, Any]:
    """A score as clients see it, without its reasons in sentences."""
    return {
        **{name: getattr(score, name) for name in (*PROBABILITIES, "log_odds_shift", "grade", "model_version")},
        "risk_level": score.risk_level.value,
        "reason_codes": [reason.code for reason in score.reasons[:TOP_REASONS]],
        "flags": [str(flag) for flag in score.flags],
    }


def stored_score(score: Score) -> dict[str, Any]:
    """A score by the columns it is stored in."""
    shown = shown_score(score)
    reasons, flags = (numbers_of(shown.pop(name)) for name in WORD_COLUMNS)
    return {**shown, "reason_numbers": reasons, "flag_numbers": flags or None}


def input_matrix(rows: Sequence[Mapping[Any, Any]], columns: Sequence[str]) -> NDArray[np.float64]:
    """The inputs of n rows as a matrix of shape (n, len(columns)), NaN where missing."""
    matrix = np.empty((len(rows), len(columns)))
    for place, column in enumerate(columns):
        matrix[:, place] = [np.nan if (value := row.get(column)) is None else value for row in rows]
    return matrix


def kept_version(kind: Kind, predictions: Predictions = Prediction) -> ColumnElement[Any]:
    """What an earlier version keeps, as one JSON object: all inputs under `ratios`, the score, its source and time."""
    inputs = {column.key: column for column in select_inputs(kind, predictions)}
    time = func.to_char(func.timezone("UTC", predictions.updated_at), _UTC)
    words = in_words(predictions)
    rest: dict[str | None, Any] = {
        name: words[name] if name in words else getattr(predictions, name) for name in KEPT[1:-1]
    }
    return _json_object({"ratios": _json_object(inputs), **rest, "updated_at": time})


def in_words(predictions: Predictions = Prediction) -> dict[str, ColumnElement[list[str]]]:
    """Reason codes and flags as columns of a statement, in words in whichever form a row has them."""
    return {
        name: case((has_words, words), else_=func.credit.codes(numbers)).label(name)
        for name, has_words, words, numbers in _forms_of_codes(predictions)
    }


def as_text(predictions: Predictions = Prediction) -> dict[str, ColumnElement[str]]:
    """Reason codes and flags as columns of text, which `codes_in` reads: for many rows, few of which are distinct."""
    return {
        name: case((has_words, func.array_to_string(words, " ")), else_=cast(numbers, Text)).label(name)
        for name, has_words, words, numbers in _forms_of_codes(predictions)
    }


def _forms_of_codes(predictions: Predictions) -> list[tuple[str, ColumnElement[bool], Any, Any]]:
    """Of reason codes and of flags the name, whether a row has words that count, the words, and the numbers."""
    has_words = func.cardinality(predictions.reason_words) > 0
    return [
        ("reason_codes", has_words, predictions.reason_words, predictions.reason_numbers),
        ("flags", has_words, predictions.flag_words, predictions.flag_numbers),
    ]


@lru_cache(maxsize=4096)
def codes_in(text: str | None) -> tuple[str, ...]:
    """The codes of a column of `as_text`, in their order."""
    if text is None or not text.startswith("{"):
        return tuple((text or "").split())
    return tuple(codes_of([int(number) for number in text.strip("{}").split(",") if number]))


@lru_cache(maxsize=4096)
def words_of(text: str | None) -> str:
    """The same with spaces in between."""
    return " ".join(codes_in(text))


def _json_object(members: Mapping[str | None, Any]) -> ColumnElement[Any]:
    parts = [part for member in members.items() for part in member]
    built: ColumnElement[Any] = func.jsonb_build_object(*parts)
    return built
