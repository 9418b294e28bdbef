"""Out-of-time predictions by rolling origin, Platt calibration on them, and the level of the probabilities."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq
from sklearn.linear_model import LogisticRegression

from accunode_ml.training.data import Accounts
from accunode_ml.training.families import train_families
from accunode_ml.training.recipe import Recipe

Vector = NDArray[np.float64]


@dataclass(frozen=True)
class OutOfTime:
    """Raw log-odds of both families for rows that each model had not seen: trained only on labels known before.

    Labels and outcomes are NaN where they are not known.
    """

    year: NDArray[np.int64]
    label: Vector
    outcome: Vector
    scorecard: Vector
    lightgbm: Vector

    def until(self, year: int) -> "OutOfTime":
        """The predictions for fiscal years up to `year`."""
        keep = self.year <= year
        return OutOfTime(
            self.year[keep], self.label[keep], self.outcome[keep], self.scorecard[keep], self.lightgbm[keep]
        )


@dataclass(frozen=True)
class Platt:
    """Log-odds = intercept + weights times raw log-odds."""

    intercept: float
    weights: tuple[float, ...]

    def log_odds(self, *raw: Vector) -> Vector:
        """Calibrated log-odds."""
        return self.intercept + sum((w * r for w, r in zip(self.weights, raw, strict=True)), np.zeros(len(raw[0])))


def known(accounts: Accounts, horizon: int) -> Accounts:
    """Rows whose outcome within the horizon is known."""
    return accounts.take(~np.isnan(accounts.labels[horizon]))


def known_by(accounts: Accounts, origin: int, horizon: int) -> Accounts:
    """Rows whose outcome was known when the accounts of `origin` came: fiscal years up to origin - horizon."""
    return known(accounts.take(accounts.fiscal_year <= origin - horizon), horizon)


def origins(recipe: Recipe, accounts: Accounts, horizon: int) -> list[int]:
    """The recipe's origins whose outcomes are known."""
    years = set(known(accounts, horizon).fiscal_year.tolist())
    return [origin for origin in recipe.origins if origin in years]


def predict_origin(accounts: Accounts, recipe: Recipe, origin: int, horizon: int) -> OutOfTime:
    """Predictions for one fiscal year."""
    rows = accounts.take(accounts.fiscal_year == origin)
    families = train_families(recipe, known_by(accounts, origin, horizon), horizon)
    scorecard, lightgbm = families.log_odds(rows)
    return OutOfTime(rows.fiscal_year, rows.labels[horizon], rows.outcomes[horizon], scorecard, lightgbm)


def join(parts: list[OutOfTime]) -> OutOfTime:
    """All origins' predictions together."""
    return OutOfTime(
        np.concatenate([p.year for p in parts]),
        np.concatenate([p.label for p in parts]),
        np.concatenate([p.outcome for p in parts]),
        np.concatenate([p.scorecard for p in parts]),
        np.concatenate([p.lightgbm for p in parts]),
    )


def fit_platt(out: OutOfTime, half_life: float, *raw: Vector) -> Platt:
    """Logistic regression of outcomes on out-of-time log-odds, older years counting less; no weight is negative."""
    columns = list(range(len(raw)))
    labelled = ~np.isnan(out.label)
    recency = 0.5 ** ((out.year.max() - out.year) / half_life)
    while True:
        model = LogisticRegression(C=1e6, max_iter=500).fit(
            np.column_stack([raw[c] for c in columns])[labelled], out.label[labelled], sample_weight=recency[labelled]
        )
        found = model.coef_[0]
        if found.min() > 0.0 or len(columns) == 1:
            break
        columns.pop(int(np.argmin(found)))
    weights = [0.0] * len(raw)
    for column, weight in zip(columns, found.tolist(), strict=True):
        weights[column] = weight
    return Platt(float(model.intercept_[0]), tuple(weights))


def at_level(platt: Platt, years: int, accounts: Accounts, horizon: int, *raw: Vector) -> Platt:
    """The same weights, at the level at which the mean probability of the latest fiscal years is their default rate.

    Out-of-time predictions come from models of other years, each at the level of its own training; the level of the
    model at hand is set on its own rows.
    """
    recent = accounts.fiscal_year > accounts.fiscal_year.max() - years
    total = Platt(0.0, platt.weights).log_odds(*(r[recent] for r in raw))
    rate = float(accounts.labels[horizon][recent].mean())

    def excess(shift: float) -> float:
        return float((1.0 / (1.0 + np.exp(-(total + shift)))).mean()) - rate

    return Platt(float(brentq(excess, -30.0, 30.0)), platt.weights)
