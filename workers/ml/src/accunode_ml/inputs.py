"""The stored inputs of predictions as a matrix, whatever their kind."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from accunode_scoring import RATIOS, Kind, Scorer


def input_columns(kind: Kind) -> str:
    """The columns to select of `credit.predictions p`: one per ratio, or the amounts of a statement."""
    if kind is Kind.STATEMENT:
        return "p.amounts"
    return ", ".join(f"p.{ratio.name}" for ratio in RATIOS[kind])


def input_snapshot(kind: Kind) -> str:
    """The inputs as one JSON object, in the form in which earlier versions keep them."""
    if kind is Kind.STATEMENT:
        return "p.amounts"
    pairs = ", ".join(f"'{ratio.name}', p.{ratio.name}" for ratio in RATIOS[kind])
    return f"jsonb_build_object({pairs})"


def input_matrix(rows: Sequence[Mapping[Any, Any]], scorer: Scorer) -> NDArray[np.float64]:
    """The inputs of n rows as a matrix of shape (n, len(scorer.columns)), NaN where missing."""
    values = [row["amounts"] or {} for row in rows] if scorer.kind is Kind.STATEMENT else rows
    matrix = np.empty((len(rows), len(scorer.columns)))
    for place, column in enumerate(scorer.columns):
        matrix[:, place] = [np.nan if (value := row.get(column)) is None else value for row in values]
    return matrix
