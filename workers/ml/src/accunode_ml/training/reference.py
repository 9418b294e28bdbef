"""What the model file keeps of the training population: quantiles and bins, never rows."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float64]

_STABILITY_BINS = 10
_USUAL = (0.001, 0.999)


def describe(values: Vector, points: int = 201) -> dict[str, Any]:
    """Quantiles, population-stability bins and usual range of one column, rounded to five digits."""
    given = values[~np.isnan(values)]
    edges = np.unique(_short(np.quantile(given, np.linspace(0, 1, _STABILITY_BINS + 1)[1:-1])))
    counts = np.bincount(np.searchsorted(edges, given, side="left"), minlength=len(edges) + 1)
    shares = np.append(counts, len(values) - len(given)) / len(values)
    low, high = _short(np.quantile(given, _USUAL))
    return {
        "quantiles": _short(np.quantile(given, np.linspace(0, 1, points))).tolist(),
        "edges": edges.tolist(),
        "shares": np.round(shares, 6).tolist(),
        "low": float(low),
        "high": float(high),
    }


def marginal(values: Vector, points: int = 401) -> dict[str, Any]:
    """Empirical distribution of one feature, against which contributions are centred."""
    given = values[~np.isnan(values)]
    return {
        "quantiles": _short(np.quantile(given, (np.arange(points) + 0.5) / points)).tolist(),
        "missing": round(1.0 - len(given) / len(values), 6),
    }


def _short(values: Vector) -> Vector:
    return np.array([float(f"{value:.5g}") for value in np.atleast_1d(values)])
