"""Weight-of-evidence scorecard: classes per feature, monotone where the feature is, and logistic weights."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LogisticRegression

from accunode_ml.training.recipe import Recipe

Vector = NDArray[np.float64]

_SMOOTHING = 2.0
_INVERSE_RIDGE = 0.02
_LEAST_COEFFICIENT = 0.02
_DROPPED_AT_ONCE = 3


@dataclass(frozen=True)
class Classes:
    """One feature's classes: upper edges and weight of evidence per class, the last for missing values."""

    feature: str
    edges: Vector
    evidence: Vector

    def apply(self, values: Vector) -> Vector:
        """Weight of evidence per row (positive means riskier than average)."""
        code = np.searchsorted(self.edges, values, side="left")
        code[np.isnan(values)] = len(self.edges) + 1
        return self.evidence[code]


@dataclass(frozen=True)
class Scorecard:
    """Intercept, classes and their coefficients; log-odds are the sum."""

    intercept: float
    classes: tuple[Classes, ...]
    coefficients: tuple[float, ...]

    def log_odds(self, features: Vector, names: list[str]) -> Vector:
        """Log-odds per row of a feature matrix."""
        total = np.full(len(features), self.intercept)
        for classes, coefficient in zip(self.classes, self.coefficients, strict=True):
            total += coefficient * classes.apply(features[:, names.index(classes.feature)])
        return total

    def document(self) -> dict[str, Any]:
        """For the model file: points are coefficient times weight of evidence."""
        return {
            "intercept": self.intercept,
            "tables": [
                {
                    "feature": classes.feature,
                    "edges": classes.edges.tolist(),
                    "points": (coefficient * classes.evidence).tolist(),
                    "coefficient": coefficient,
                }
                for classes, coefficient in zip(self.classes, self.coefficients, strict=True)
            ],
        }


def train_scorecard(recipe: Recipe, features: Vector, label: Vector, weight: Vector) -> Scorecard:
    """Class every feature, then fit logistic weights; features with negligible or negative weight are dropped."""
    classes = [
        _classes(feature.name, features[:, place], label, weight, recipe.scorecard_classes, feature.monotone)
        for place, feature in enumerate(recipe.feature_set.features)
    ]
    columns = list(range(len(classes)))
    evidence = np.column_stack([classes[c].apply(features[:, c]) for c in columns])
    while True:
        model = LogisticRegression(C=_INVERSE_RIDGE, solver="newton-cholesky")
        model.fit(evidence[:, columns], label, sample_weight=weight)
        coefficients = model.coef_[0]
        worst = [int(place) for place in np.argsort(coefficients)[:_DROPPED_AT_ONCE]]
        worst = [place for place in worst if coefficients[place] < _LEAST_COEFFICIENT]
        if not worst or len(columns) <= len(worst):
            kept = tuple(classes[c] for c in columns)
            return Scorecard(float(model.intercept_[0]), kept, tuple(coefficients.tolist()))
        columns = [c for place, c in enumerate(columns) if place not in worst]


def _classes(name: str, values: Vector, label: Vector, weight: Vector, count: int, monotone: int) -> Classes:
    given = ~np.isnan(values)
    defaults = values[given & (label == 1)]
    inner = np.linspace(0, 1, count + 1)[1:-1]
    cuts = np.concatenate([np.quantile(values[given], inner), np.quantile(defaults, inner)])
    edges = np.unique(cuts)
    code = np.searchsorted(edges, values[given], side="left")
    bad = np.bincount(code, weight[given] * label[given], len(edges) + 1)
    total = np.bincount(code, weight[given], len(edges) + 1)
    base = float(np.average(label, weights=weight))
    rate = (bad + _SMOOTHING * base) / (total + _SMOOTHING)
    if monotone:
        rate = IsotonicRegression(increasing=monotone > 0).fit_transform(
            np.arange(len(rate)), rate, sample_weight=total + _SMOOTHING
        )
    change = np.flatnonzero(np.diff(rate) != 0)
    edges, rate = edges[change], rate[np.append(change, len(rate) - 1)]
    absent = ~given
    weighted = float(weight[absent].sum())
    missing = (float((weight * label)[absent].sum()) + _SMOOTHING * base) / (weighted + _SMOOTHING)
    return Classes(name, edges, _log_odds(np.append(rate, missing)) - _log_odds(np.array(base)))


def _log_odds(rate: Vector) -> Vector:
    return np.asarray(np.log(rate / (1.0 - rate)))
