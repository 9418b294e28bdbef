"""Shipped scorers and generated inputs for the tests of scoring."""

from functools import cache

import numpy as np
from numpy.typing import NDArray

from accunode_scoring import Kind, ModelLibrary, Scorer
from accunode_scoring.amounts import AMOUNTS

KINDS = (Kind.ANNUAL, Kind.QUARTERLY, Kind.STATEMENT)
ODD = (np.nan, 0.0, -0.0, 1.0, -1.0, 100.0, 100.5, -100.0, 1e-9, -1e-9, 999_999.0, -999_999.0)


@cache
def library() -> ModelLibrary:
    """The shipped models."""
    return ModelLibrary.load()


def champion(kind: Kind) -> Scorer:
    """The shipped champion of a kind."""
    return library().champion(kind)


def inputs(kind: Kind, rows: int, seed: int = 3) -> NDArray[np.float64]:
    """Ratios or amounts over many magnitudes, some missing, some odd, each row with enough given."""
    random = np.random.default_rng(seed)
    width = len(champion(kind).columns)
    x = random.normal(0, 1, (rows, width)) * 10 ** random.uniform(-1, 3, (rows, width))
    x[random.random(x.shape) < 0.08] = np.nan
    odd = random.random(x.shape) < 0.15
    x[odd] = random.choice(ODD, int(odd.sum()))
    if kind is Kind.STATEMENT:
        x[:, 0] = np.exp(random.normal(5, 2, rows))
        required = [amount.required for amount in AMOUNTS]
        x[:, required] = np.where(np.isnan(x[:, required]), 1.0, x[:, required])
    feature_set = champion(kind).model.feature_set
    return x[~(feature_set.least.lacking(x, feature_set.columns) | np.isnan(x).all(axis=1))]


def as_values(scorer: Scorer, row: NDArray[np.float64]) -> dict[str, float | None]:
    """One row of a matrix as values by column."""
    return {c: None if np.isnan(v) else float(v) for c, v in zip(scorer.columns, row, strict=True)}
