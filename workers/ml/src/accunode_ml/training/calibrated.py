"""Families with their calibration: the ensemble and each family by itself."""

from dataclasses import dataclass

from accunode_ml.training.calibration import OutOfTime, Platt, at_level, fit_platt
from accunode_ml.training.data import Accounts
from accunode_ml.training.families import Families


@dataclass(frozen=True)
class Calibration:
    """Platt calibration of the ensemble, the scorecard and the LightGBM model of one horizon."""

    ensemble: Platt
    scorecard: Platt
    lightgbm: Platt


def fit_calibration(out: OutOfTime, half_life: float) -> Calibration:
    """Calibration on out-of-time predictions, at their level."""
    return Calibration(
        fit_platt(out, half_life, out.scorecard, out.lightgbm),
        fit_platt(out, half_life, out.scorecard),
        fit_platt(out, half_life, out.lightgbm),
    )


def calibration_at_level(fitted: Calibration, families: Families, accounts: Accounts, horizon: int) -> Calibration:
    """The same weights at the level that the latest years of the training rows had."""
    scorecard, lightgbm = families.log_odds(accounts)
    years = families.recipe.level_years
    return Calibration(
        at_level(fitted.ensemble, years, accounts, horizon, scorecard, lightgbm),
        at_level(fitted.scorecard, years, accounts, horizon, scorecard),
        at_level(fitted.lightgbm, years, accounts, horizon, lightgbm),
    )
