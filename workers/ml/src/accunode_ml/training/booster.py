"""LightGBM with pairs of features at most per tree path."""

from collections import defaultdict
from typing import Any

import lightgbm as lgb
import numpy as np
from numpy.typing import NDArray

from accunode_ml.training.recipe import Recipe
from accunode_scoring.lightgbm_text import parse

Vector = NDArray[np.float64]


def train_booster(recipe: Recipe, features: Vector, label: Vector, weight: Vector, horizon: int) -> str:
    """Train on a feature matrix of shape (n, m) and return LightGBM's model text; deterministic for given rows."""
    names = [feature.name for feature in recipe.feature_set.features]
    parameters: dict[str, Any] = {
        "objective": "binary",
        "verbose": -1,
        "num_threads": 1,
        "deterministic": True,
        "force_row_wise": True,
        "seed": recipe.seed + horizon,
        "learning_rate": recipe.learning_rate,
        "num_leaves": recipe.leaves,
        "min_data_in_leaf": recipe.leaf_rows,
        "lambda_l2": recipe.l2,
        "feature_fraction": recipe.feature_fraction,
        "extra_trees": True,
        "max_bin": recipe.max_bin,
        "monotone_constraints": [feature.monotone for feature in recipe.feature_set.features],
        "interaction_constraints": recipe.interactions(),
        "feature_pre_filter": False,
    }
    data = lgb.Dataset(features, label, weight=weight, feature_name=names, params=parameters, free_raw_data=False)
    if recipe.most_pairs is not None:
        picked = _strongest_pairs(lgb.train(parameters, data, recipe.picking_rounds), recipe.most_pairs)
        parameters["interaction_constraints"] = picked + [[place] for place in range(len(names))]
    return str(lgb.train(parameters, data, recipe.rounds).model_to_string())


def _strongest_pairs(booster: lgb.Booster, count: int) -> list[list[int]]:
    """Pairs of features by the sum of their leaves' magnitudes."""
    strength: dict[tuple[int, ...], float] = defaultdict(float)
    for box in parse(booster.model_to_string()).boxes:
        if len(box.intervals) == 2:
            strength[tuple(feature for feature, _ in box.intervals)] += abs(box.value)
    return [list(pair) for pair in sorted(strength, key=lambda pair: (-strength[pair], pair))[:count]]


def with_copies(recipe: Recipe, inputs: Vector, label: Vector, weight: Vector) -> tuple[Vector, Vector, Vector]:
    """The rows, and copies of them: with inputs blanked at random, and with zeros that have lost their sign.

    Required inputs are never blanked, nor all inputs of a row; only rows that differ from their copy are copied.
    """
    random = np.random.default_rng(recipe.seed)
    blank = random.random(inputs.shape) < recipe.blank_share
    blank[:, [name in recipe.never_blank for name in recipe.feature_set.columns]] = False
    blanked = np.where(blank, np.nan, inputs)
    differs = (blank & ~np.isnan(inputs)).any(axis=1) & ~np.isnan(blanked).all(axis=1)
    negative_zero = ((inputs == 0.0) & np.signbit(inputs)).any(axis=1)
    copies = ((blanked, differs, recipe.blanks), (inputs + 0.0, negative_zero, recipe.unsigned))
    return (
        np.concatenate([inputs, *(values[rows] for values, rows, _ in copies)]),
        np.concatenate([label, *(label[rows] for _, rows, _ in copies)]),
        np.concatenate([weight, *(weight[rows] * share for _, rows, share in copies)]),
    )


def feature_matrix(recipe: Recipe, inputs: Vector) -> Vector:
    """Features of an input matrix, shape (n, number of features)."""
    feature_set = recipe.feature_set
    return np.column_stack(feature_set.of_matrix(feature_set.settled([np.ascontiguousarray(c) for c in inputs.T])))
