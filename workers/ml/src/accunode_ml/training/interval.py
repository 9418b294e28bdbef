"""How far the ensemble's log-odds move when the firms it was trained on are drawn anew."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from accunode_ml.training.calibration import Platt, known
from accunode_ml.training.data import Accounts
from accunode_ml.training.families import Families, train_families
from accunode_ml.training.recipe import Recipe

Vector = NDArray[np.float64]

_POINTS = 12
_NORMAL_95 = 1.96


def moved(accounts: Accounts, recipe: Recipe, platt: Platt, number: int) -> Vector:
    """1-year ensemble log-odds of every row by models trained on firms drawn with replacement."""
    rows = known(accounts, 1)
    random = np.random.default_rng((recipe.seed, number))
    firms, member = np.unique(rows.firm, return_inverse=True)
    drawn = np.bincount(random.integers(0, len(firms), len(firms)), minlength=len(firms))
    again = replace(recipe, seed=recipe.seed + 100 * (number + 1))
    sample = rows.take(np.repeat(np.arange(len(rows)), drawn[member]))
    return platt.log_odds(*train_families(again, sample, 1).log_odds(rows))


def interval_table(
    accounts: Accounts, families: Families, platt: Platt, again: list[Vector]
) -> tuple[list[float], list[float]]:
    """Log-odds knots and half-widths of a 95 % interval, from a bootstrap over firms.

    The half-width at a knot is 1.96 times the root mean square, over rows with that score, of the bootstrap's standard
    deviation. It covers the choice of training companies, not the uncertainty of the level of defaults to come.
    """
    point = platt.log_odds(*families.log_odds(known(accounts, 1)))
    variance = np.var(np.stack(again), axis=0, ddof=1)
    knots: list[float] = []
    widths: list[float] = []
    for part in np.array_split(np.argsort(point, kind="stable"), _POINTS):
        knots.append(float(f"{point[part].mean():.6g}"))
        widths.append(float(f"{_NORMAL_95 * np.sqrt(variance[part].mean()):.6g}"))
    return knots, widths
