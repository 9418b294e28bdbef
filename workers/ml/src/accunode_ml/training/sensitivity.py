"""How the probability answers when one value of a company moves and the others stay."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from accunode_scoring.model_file import ModelFile
from accunode_scoring.ratios import Ratio

Vector = NDArray[np.float64]

STEP = 0.1
"""A move's size: the share of the training population that it passes."""


@dataclass(frozen=True)
class Answer:
    """What one move does to the 1-year probability of the rows that can make it.

    `mean_pd` is the mean probability after the move as a multiple of the mean before; `rises` is the share of rows
    whose probability is higher after it.
    """

    rows: int
    mean_pd: float
    rises: float


@dataclass(frozen=True)
class Sensitivity:
    """The answers to a step up, a step down and a blank of one ratio; None where no row can make the move.

    A ratio of required inputs alone has no blank.
    """

    ratio: Ratio
    up: Answer | None
    down: Answer | None
    blank: Answer | None


def sensitivities(model: ModelFile, inputs: Vector) -> list[Sensitivity]:
    """Move each explained ratio by itself, in every row of an input matrix of shape (n, columns).

    A step leads to the value a tenth of the training population higher or lower; rows nearer than that to the end of
    the population stay out, as do rows in which the ratio is missing.
    """
    columns = list(np.ascontiguousarray(inputs.T))
    features = _features(model, columns)
    before = _pd(model, features)
    explained = features if model.feature_set.explains_features else columns
    optional = _optional(model)

    def answer(place: int, moved: Vector, rows: NDArray[np.bool_]) -> Answer | None:
        if not rows.any():
            return None
        changed = [values[rows] for values in explained]
        changed[place] = moved[rows]
        after = _pd(model, changed if explained is features else _features(model, changed))
        return Answer(
            rows=int(rows.sum()),
            mean_pd=float(after.mean() / before[rows].mean()),
            rises=float((after > before[rows] * (1.0 + 1e-12)).mean()),
        )

    found = []
    for place, ratio in enumerate(model.feature_set.explained):
        values, quantiles = explained[place], model.reference[ratio.name].quantiles
        up, down = _stepped(values, quantiles, STEP), _stepped(values, quantiles, -STEP)
        blank = answer(place, np.full(len(values), np.nan), ~np.isnan(values) & optional[place])
        found.append(Sensitivity(ratio, answer(place, up, ~np.isnan(up)), answer(place, down, ~np.isnan(down)), blank))
    return found


def _optional(model: ModelFile) -> list[bool]:
    """Which explained ratios are missing where only the required inputs are given."""
    given = [np.array([1.0 if name in model.feature_set.required else np.nan]) for name in model.feature_set.columns]
    explained = model.feature_set.of_matrix(given) if model.feature_set.explains_features else given
    return [bool(np.isnan(values[0])) for values in explained]


def _stepped(values: Vector, quantiles: Sequence[float], share: float) -> Vector:
    """The values that lie a share of the population further; NaN where missing, or where none does."""
    grid = np.array(quantiles)
    steps = round(share * (len(grid) - 1))
    last_not_above = np.searchsorted(grid, values, "right") - 1
    first_not_below = np.searchsorted(grid, values, "left")
    place = (last_not_above if steps > 0 else first_not_below) + steps
    inside = ~np.isnan(values) & (place >= 0) & (place < len(grid))
    return np.where(inside, grid[np.where(inside, place, 0)], np.nan)


def _features(model: ModelFile, columns: Sequence[Vector]) -> list[Vector]:
    """The features of a matrix's columns, with gaps filled as in scores."""
    feature_set = model.feature_set

    def log_odds(complete: Sequence[Vector]) -> Vector:
        return model.engine.block(feature_set.of_matrix(complete)).ensemble[0]

    filled = feature_set.settled(columns)
    if model.completion is not None:
        filled, _, _ = model.completion.matrix(filled, log_odds)
    return feature_set.of_matrix(filled)


def _pd(model: ModelFile, features: list[Vector]) -> Vector:
    return np.asarray(1.0 / (1.0 + np.exp(-model.engine.block(features).ensemble[0])))
