"""Scores a chunk as one matrix and lays the result out as the rows to store."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from accunode_credit.columns import RATIO_COLUMNS, stored_inputs
from accunode_ml.score_columns import stored_columns
from accunode_scoring import Kind, MasterScale, Scorer

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
    }
    return ScoredChunk(pa.table(laid_out), scorer.version)


def _statement_columns(known: Mapping[str, Any], columns: Sequence[str]) -> dict[str, Any]:
    """What is stored of each row: its amounts as one JSON object, and the ratios that follow from them."""
    lists = [known[name].to_pylist() for name in columns]
    rows = [dict(zip(columns, row, strict=True)) for row in zip(*lists, strict=True)]
    stored = [stored_inputs(Kind.STATEMENT, row) for row in rows]
    return {
        **{name: pa.array([row[name] for row in stored], pa.float64()) for name in RATIO_COLUMNS},
        "amounts": [json.dumps(row["amounts"]) for row in stored],
    }
