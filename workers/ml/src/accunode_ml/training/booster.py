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


def with_blanks(recipe: Recipe, inputs: Vector, label: Vector, weight: Vector) -> tuple[Vector, Vector, Vector]:
    """The rows, and light copies of them with inputs blanked at random (never all of them, nor required ones)."""
    if recipe.blanks == 0.0:
        return inputs, label, weight
    random = np.random.default_rng(recipe.seed)
    blank = np.zeros(inputs.shape, np.bool_)
    for name, places in recipe.feature_set.groups():
        if name not in recipe.feature_set.required:
            chosen = random.random(len(inputs)) < recipe.blank_shares.get(name, recipe.blank_share)
            blank[np.ix_(chosen, np.array(places))] = True
    keep = ~(blank | np.isnan(inputs)).all(axis=1) & (blank & ~np.isnan(inputs)).any(axis=1)
    copies = np.where(blank, np.nan, inputs)[keep]
    return (
        np.concatenate([inputs, copies]),
        np.concatenate([label, label[keep]]),
        np.concatenate([weight, weight[keep] * recipe.blanks]),
    )


def feature_matrix(recipe: Recipe, inputs: Vector) -> Vector:
    """Features of an input matrix, shape (n, number of features)."""
    return np.column_stack(recipe.feature_set.of_matrix([np.ascontiguousarray(c) for c in inputs.T]))
