"""LightGBM with pairs of features at most per tree path."""

import lightgbm as lgb
import numpy as np
from numpy.typing import NDArray

from accunode_ml.training.recipe import Recipe

Vector = NDArray[np.float64]


def train_booster(recipe: Recipe, features: Vector, label: Vector, weight: Vector, horizon: int) -> lgb.Booster:
    """Train one booster on a feature matrix of shape (n, m); deterministic for given rows."""
    kinds = recipe.feature_set.features
    parameters = {
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
        "monotone_constraints": [feature.monotone for feature in kinds],
        "monotone_constraints_method": "basic",
        "interaction_constraints": recipe.interactions(),
        "feature_pre_filter": False,
    }
    data = lgb.Dataset(
        features, label, weight=weight, feature_name=[feature.name for feature in kinds], free_raw_data=True
    )
    return lgb.train(parameters, data, recipe.rounds[horizon])


def with_blanks(recipe: Recipe, inputs: Vector, label: Vector, weight: Vector) -> tuple[Vector, Vector, Vector]:
    """The rows, and light copies of them with inputs blanked at random (never all of them)."""
    if recipe.blanks == 0.0:
        return inputs, label, weight
    random = np.random.default_rng(recipe.seed)
    blank = random.random(inputs.shape) < recipe.blank_share
    blank[np.arange(len(blank)), random.integers(0, inputs.shape[1], len(blank))] ^= True
    keep = ~(blank | np.isnan(inputs)).all(axis=1) & blank.any(axis=1)
    copies = np.where(blank, np.nan, inputs)[keep]
    return (
        np.concatenate([inputs, copies]),
        np.concatenate([label, label[keep]]),
        np.concatenate([weight, weight[keep] * recipe.blanks]),
    )


def feature_matrix(recipe: Recipe, inputs: Vector) -> Vector:
    """Features of an input matrix, shape (n, number of features)."""
    return np.column_stack(recipe.feature_set.of_matrix([np.ascontiguousarray(c) for c in inputs.T]))
