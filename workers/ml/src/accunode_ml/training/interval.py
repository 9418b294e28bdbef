"""How far the ensemble's log-odds move when the firms it was trained on are drawn anew."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from accunode_ml.training.calibration import Platt
from accunode_ml.training.data import Accounts
from accunode_ml.training.families import Families, train_families
from accunode_ml.training.recipe import Recipe

Vector = NDArray[np.float64]

_POINTS = 12
_NORMAL_95 = 1.96


def interval_table(
    recipe: Recipe,
    accounts: Accounts,
    families: Families,
    platt: Platt,
    advance: Callable[[str], None],
) -> tuple[list[float], list[float]]:
    """Log-odds knots and half-widths of a 95 % interval, from a bootstrap over firms.

    The half-width at a knot is 1.96 times the root mean square, over rows with that score, of the bootstrap's standard
    deviation. It covers the choice of training companies, not the uncertainty of the level of defaults to come.
    """
    known = accounts.where(~np.isnan(accounts.labels[1]))
    point = platt.log_odds(*families.log_odds(known))
    random = np.random.default_rng(recipe.seed)
    firms, member = np.unique(known.firm, return_inverse=True)
    total, squares = np.zeros(len(known)), np.zeros(len(known))
    for number in range(recipe.bootstraps):
        drawn = np.bincount(random.integers(0, len(firms), len(firms)), minlength=len(firms))
        rows = np.repeat(np.arange(len(known)), drawn[member])
        again = train_families(replace(recipe, seed=recipe.seed + 100 * (number + 1)), _take(known, rows), 1)
        moved = platt.log_odds(*again.log_odds(known)) - point
        total += moved
        squares += moved**2
        advance(f"{recipe.kind} interval: {number + 1}")
    count = recipe.bootstraps
    variance = (squares - total**2 / count) / max(count - 1, 1)
    order = np.argsort(point, kind="stable")
    knots: list[float] = []
    widths: list[float] = []
    for part in np.array_split(order, _POINTS):
        knots.append(float(f"{point[part].mean():.6g}"))
        widths.append(float(f"{_NORMAL_95 * np.sqrt(variance[part].mean()):.6g}"))
    return knots, widths


def _take(accounts: Accounts, rows: NDArray[np.intp]) -> Accounts:
    return Accounts(
        {name: values[rows] for name, values in accounts.columns.items()},
        accounts.firm[rows],
        accounts.fiscal_year[rows],
        {horizon: label[rows] for horizon, label in accounts.labels.items()},
    )
