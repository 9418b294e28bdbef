"""Scores a chunk as one matrix and lays the result out as the rows to store."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from accunode_common.ids import new_id
from accunode_credit.columns import RATIO_COLUMNS
from accunode_scoring import PROBABILITIES, Kind, MasterScale, ScoreMatrix, Scorer
from accunode_scoring.statement import derive_ratios

SHADOW = "shadow_pd"
"""The column of a challenger's probabilities; null without one."""


@dataclass(frozen=True, slots=True)
class ScoredChunk:
    """The rows of a chunk with their scores, in the columns that storing takes, and which versions made them."""

    rows: pa.Table
    model_version: str
    challenger: str | None = None


def ratio_matrix(rows: pa.Table, columns: tuple[str, ...]) -> NDArray[np.float64]:
    """The ratios as a matrix of shape (n, len(columns)), NaN where missing."""
    matrix = np.empty((rows.num_rows, len(columns)))
    for place, column in enumerate(columns):
        matrix[:, place] = rows.column(column).to_numpy(zero_copy_only=False)
    return matrix


def score_rows(rows: pa.Table, scorer: Scorer, scale: MasterScale | None) -> ScoredChunk:
    """Score all rows of a chunk at once."""
    scores = scorer.score_matrix(ratio_matrix(rows, scorer.columns), scale=scale, explain=True)
    count = rows.num_rows
    known = {name: rows.column(name) for name in rows.column_names}
    empty = pa.nulls(count, pa.float64())
    amounts: dict[str, Any] = {"amounts": pa.nulls(count, pa.string())}
    if scorer.kind is Kind.STATEMENT:
        amounts = _statement_columns(known, scorer.columns)
    laid_out = {
        **{name: column for name, column in known.items() if name not in {*RATIO_COLUMNS, *scorer.columns}},
        **{name: known.get(name, empty) for name in RATIO_COLUMNS},
        **amounts,
        **stored_columns(scores),
        SHADOW: empty,
        "prediction_id": [new_id().hex for _ in range(count)],
        "company_id": [new_id().hex for _ in range(count)],
        "version_id": [new_id().hex for _ in range(count)],
    }
    return ScoredChunk(pa.table(laid_out), scorer.version)


def _statement_columns(known: Mapping[str, Any], columns: Sequence[str]) -> dict[str, Any]:
    """The amounts of each row as one JSON object, and the ratios that follow from them."""
    lists = [known[name].to_pylist() for name in columns]
    rows = [dict(zip(columns, row, strict=True)) for row in zip(*lists, strict=True)]
    derived = [derive_ratios(row) for row in rows]
    given = [{name: value for name, value in row.items() if value is not None} for row in rows]
    return {
        **{name: pa.array([ratios[name] for ratios in derived], pa.float64()) for name in RATIO_COLUMNS},
        "amounts": [json.dumps(row) for row in given],
    }


def stored_columns(scores: ScoreMatrix) -> dict[str, Any]:
    """The scores by the columns that they are stored in; codes and flags in PostgreSQL's notation of arrays.

    Raises:
        ValueError: They were made without reasons.
    """
    return {
        **{name: getattr(scores, name) for name in PROBABILITIES},
        "grade": _take(scores.grades, scores.grade),
        "risk_level": _take(tuple(level.value for level in scores.risk_levels), scores.risk_level),
        "reason_codes": _reason_arrays(scores),
        "flags": _flag_arrays(scores),
    }


def _take(names: tuple[str, ...], places: NDArray[np.integer]) -> NDArray[np.object_]:
    taken: NDArray[np.object_] = np.array(names, dtype=object)[places]
    return taken


def _reason_arrays(scores: ScoreMatrix) -> list[str]:
    """Reason codes as PostgreSQL writes arrays; codes hold no character that needs quotes."""
    if scores.reason_codes is None:
        raise ValueError("a chunk is scored with its reasons")
    codes = np.array(scores.codes, dtype=object)[scores.reason_codes]
    return [f"{{{','.join(row)}}}" for row in codes.tolist()]


def _flag_arrays(scores: ScoreMatrix) -> NDArray[np.object_]:
    """Flags as PostgreSQL writes arrays; few combinations occur, so each is written once."""
    combinations, places = np.unique(scores.flags, return_inverse=True)
    firsts = {int(bits): row for row, bits in reversed(list(enumerate(scores.flags.tolist())))}
    texts = [f"{{{','.join(scores.flags_of(firsts[int(bits)]))}}}" for bits in combinations]
    return _take(tuple(texts), places)
