"""Trains one kind: rolling-origin predictions, calibration, final models, confidence interval, model files."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from accunode_ml.training.booster import feature_matrix
from accunode_ml.training.calibration import OutOfTime, Platt, fit_platt, join, predict_origin
from accunode_ml.training.data import HORIZONS, Accounts
from accunode_ml.training.export import dumps, write_manifest, write_version
from accunode_ml.training.families import Families, train_families
from accunode_ml.training.interval import interval_table
from accunode_ml.training.recipe import Recipe
from accunode_ml.training.reference import describe, marginal
from accunode_scoring.checks import SENTINEL

Vector = NDArray[np.float64]
Advance = Callable[[str], None]


@dataclass(frozen=True)
class Trained:
    """All that a model version and its card are made of."""

    recipe: Recipe
    accounts: Accounts
    families: dict[int, Families]
    out_of_time: dict[int, OutOfTime]
    ensemble: dict[int, Platt]
    single: dict[str, Platt]
    interval: tuple[list[float], list[float]]


def steps(recipe: Recipe) -> int:
    """Number of times `train` calls `advance`."""
    return len(HORIZONS) * (len(recipe.origins) + 1) + recipe.bootstraps


def usable(recipe: Recipe, accounts: Accounts) -> Accounts:
    """Rows that the scorer would not refuse."""
    inputs = accounts.matrix(recipe.feature_set.columns)
    return accounts.where(~(np.abs(inputs) >= SENTINEL).any(axis=1) & ~np.isnan(inputs).all(axis=1))


def train(recipe: Recipe, accounts: Accounts, advance: Advance) -> Trained:
    """Train every horizon of one kind."""
    accounts = usable(recipe, accounts)
    families: dict[int, Families] = {}
    out_of_time: dict[int, OutOfTime] = {}
    ensemble: dict[int, Platt] = {}
    for horizon in HORIZONS:
        parts: list[OutOfTime] = []
        for origin in recipe.origins:
            part = predict_origin(recipe, accounts, origin, horizon)
            parts += [] if part is None else [part]
            advance(f"{recipe.kind} {horizon}y: {origin}")
        out = out_of_time[horizon] = join(parts)
        ensemble[horizon] = fit_platt(recipe, out, out.scorecard, out.lightgbm)
        known = accounts.where(~np.isnan(accounts.labels[horizon]))
        families[horizon] = train_families(recipe, known, horizon)
        advance(f"{recipe.kind} {horizon}y: all years")
    out = out_of_time[1]
    single = {
        "scorecard": fit_platt(recipe, out, out.scorecard),
        "lightgbm": fit_platt(recipe, out, out.lightgbm),
    }
    interval = interval_table(recipe, accounts, families[1], ensemble[1], advance)
    return Trained(recipe, accounts, families, out_of_time, ensemble, single, interval)


def save(trained: Trained, folder: Path) -> dict[str, str]:
    """Write the version's files and enter it in the manifest; returns SHA-256 by file name."""
    recipe = trained.recipe
    columns = recipe.feature_set.columns
    inputs = trained.accounts.matrix(columns)
    features = feature_matrix(recipe, inputs)
    names = [feature.name for feature in recipe.feature_set.features]
    log_odds = trained.ensemble[1].log_odds(*trained.families[1].log_odds(trained.accounts))
    document = {
        "format": 1,
        "kind": recipe.kind,
        "version": recipe.version,
        "feature_set": recipe.feature_set.name,
        "lightgbm": {f"{h}y": f"lightgbm_{h}y.txt" for h in HORIZONS},
        "scorecard": {f"{h}y": trained.families[h].scorecard.document() for h in HORIZONS},
        "ensemble": {
            f"{h}y": {"intercept": p.intercept, "scorecard": p.weights[0], "lightgbm": p.weights[1]}
            for h, p in trained.ensemble.items()
        },
        "calibration": {name: {"intercept": p.intercept, "slope": p.weights[0]} for name, p in trained.single.items()},
        "interval": {"log_odds": trained.interval[0], "half_width": trained.interval[1]},
        "marginals": {name: marginal(features[:, place]) for place, name in enumerate(names)},
        "reference": {
            **{name: describe(inputs[:, place]) for place, name in enumerate(columns)},
            "pd": describe(1.0 / (1.0 + np.exp(-log_odds))),
        },
    }
    files = {"model.json": dumps(document)}
    for horizon, families in trained.families.items():
        files[f"lightgbm_{horizon}y.txt"] = families.booster.model_to_string()
    hashes = write_version(folder, recipe.kind, recipe.version, files)
    write_manifest(folder, recipe.kind, recipe.version, hashes)
    return hashes
