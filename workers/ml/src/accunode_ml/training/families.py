"""Both model families trained on the same rows."""

from dataclasses import dataclass

import lightgbm as lgb
import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from accunode_ml.training.booster import feature_matrix, train_booster, with_copies
from accunode_ml.training.data import Accounts
from accunode_ml.training.recipe import Recipe
from accunode_ml.training.scorecard import Scorecard, train_scorecard

Vector = NDArray[np.float64]


@dataclass(frozen=True)
class Families:
    """A scorecard and a LightGBM model (its text) of one horizon."""

    recipe: Recipe
    scorecard: Scorecard
    booster: str

    def log_odds(self, accounts: Accounts) -> tuple[Vector, Vector]:
        """Raw log-odds of the scorecard and of LightGBM per row."""
        features = feature_matrix(self.recipe, accounts.matrix(self.recipe.feature_set.columns))
        names = [feature.name for feature in self.recipe.feature_set.features]
        booster = lgb.Booster(model_str=self.booster)
        raw = booster.predict(features, raw_score=True, num_threads=1)
        return self.scorecard.log_odds(features, names), np.asarray(raw)


def recency(recipe: Recipe, accounts: Accounts) -> Vector:
    """Weight per row: halves with every `half_life` years of age."""
    return np.asarray(0.5 ** ((accounts.fiscal_year.max() - accounts.fiscal_year) / recipe.half_life))


def train_families(recipe: Recipe, accounts: Accounts, horizon: int) -> Families:
    """Train on every given row; labels must be known. One thread, so that the result is the same on any machine."""
    with threadpool_limits(1):
        return _train(recipe, accounts, horizon)


def _train(recipe: Recipe, accounts: Accounts, horizon: int) -> Families:
    weight = recency(recipe, accounts)
    label = accounts.labels[horizon]
    inputs = accounts.matrix(recipe.feature_set.columns)
    scorecard = train_scorecard(recipe, feature_matrix(recipe, inputs), label, weight)
    inputs, label, weight = with_copies(recipe, inputs, label, weight)
    return Families(recipe, scorecard, train_booster(recipe, feature_matrix(recipe, inputs), label, weight, horizon))
