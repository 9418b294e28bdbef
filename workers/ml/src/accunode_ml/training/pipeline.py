"""Trains one model: rolling-origin predictions, calibration, final models, confidence interval."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from accunode_ml.training.calibrated import Calibration, calibration_at_level, fit_calibration
from accunode_ml.training.calibration import OutOfTime, join, known, origins, predict_origin
from accunode_ml.training.data import HORIZONS, Accounts
from accunode_ml.training.evaluation import (
    VALIDATION_FROM,
    Frozen,
    Predicted,
    frozen,
    rolled,
    within_horizons,
)
from accunode_ml.training.families import Families, train_families
from accunode_ml.training.interval import interval_table, moved
from accunode_ml.training.pool import Advance, run
from accunode_ml.training.recipe import Recipe

Vector = NDArray[np.float64]


@dataclass(frozen=True)
class Trained:
    """All that a model and its card are made of."""

    recipe: Recipe
    accounts: Accounts
    families: dict[int, Families]
    out_of_time: dict[int, OutOfTime]
    calibration: dict[int, Calibration]
    interval: tuple[list[float], list[float]]
    frozen: dict[int, Frozen]

    @property
    def validation(self) -> dict[int, Predicted]:
        """Predictions of the validation years by models that saw nothing of them, by horizon."""
        return within_horizons({h: one.predicted for h, one in self.frozen.items()}, hazards=self.recipe.hazards)

    @property
    def rolling(self) -> dict[int, Predicted]:
        """Rolling-origin predictions by horizon."""
        found = {h: rolled(out, self.recipe.half_life) for h, out in self.out_of_time.items()}
        return within_horizons(found, hazards=self.recipe.hazards)

    def before_validation(self) -> "Trained":
        """The models that saw nothing of the validation years, as if they were to serve."""
        accounts = self.accounts.take(self.accounts.fiscal_year < VALIDATION_FROM)
        families = {h: one.families for h, one in self.frozen.items()}
        calibration = {h: one.calibration for h, one in self.frozen.items()}
        return Trained(self.recipe, accounts, families, {}, calibration, self.interval, {})


def steps(recipe: Recipe) -> int:
    """How often `train` calls `advance`, at most."""
    return len(HORIZONS) * (len(recipe.origins) + 2) + recipe.bootstraps


def usable(recipe: Recipe, accounts: Accounts) -> Accounts:
    """Rows that the scorer would not refuse."""
    feature_set = recipe.feature_set
    inputs = accounts.matrix(feature_set.columns)
    refused = (np.abs(inputs) >= feature_set.sentinel).any(axis=1) | np.isnan(inputs).all(axis=1)
    for name in feature_set.required:
        refused |= np.isnan(accounts.columns[name])
    for name in feature_set.positive:
        refused |= ~(accounts.columns[name] > 0.0)
    return accounts.take(~np.asarray(refused))


def _all_years(accounts: Accounts, recipe: Recipe, horizon: int) -> Families:
    return train_families(recipe, known(accounts, horizon), horizon)


def train(recipe: Recipe, accounts: Accounts, advance: Advance, processes: int = 1) -> Trained:
    """Train every horizon of one model; the number of processes doesn't change the result."""
    accounts = usable(recipe, accounts.by_year_of_default() if recipe.hazards else accounts)
    plan = [(horizon, origin) for horizon in HORIZONS for origin in origins(recipe, accounts, horizon)]
    tasks = [(recipe, origin, horizon) for horizon, origin in plan]
    parts = run(accounts, predict_origin, tasks, advance, f"{recipe.name}: rolling origin", processes)
    out_of_time = {
        horizon: join([part for part, (h, _) in zip(parts, plan, strict=True) if h == horizon]) for horizon in HORIZONS
    }
    finals = run(accounts, _all_years, [(recipe, h) for h in HORIZONS], advance, f"{recipe.name}: all years", processes)
    families = dict(zip(HORIZONS, finals, strict=True))
    calibration = {
        h: calibration_at_level(fit_calibration(out_of_time[h], recipe.half_life), families[h], known(accounts, h), h)
        for h in HORIZONS
    }
    ensemble = calibration[1].ensemble
    draws = [(recipe, ensemble, number) for number in range(recipe.bootstraps)]
    again = run(accounts, moved, draws, advance, f"{recipe.name}: interval", processes)
    interval = interval_table(accounts, families[1], ensemble, again)
    checks = [(recipe, h, out_of_time[h]) for h in HORIZONS]
    frozen_results = run(accounts, frozen, checks, advance, f"{recipe.name}: validation", processes)
    return Trained(
        recipe, accounts, families, out_of_time, calibration, interval, dict(zip(HORIZONS, frozen_results, strict=True))
    )
