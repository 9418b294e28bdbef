"""What a model card reports: discrimination, calibration and stability on rows that no model had seen."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from accunode_ml.training.calibrated import Calibration, calibration_at_level, fit_calibration
from accunode_ml.training.calibration import OutOfTime, known_by
from accunode_ml.training.data import HORIZONS, Accounts
from accunode_ml.training.families import Families, train_families
from accunode_ml.training.recipe import Recipe
from accunode_scoring.monitoring import auc, back_test, calibration_line, deciles

Vector = NDArray[np.float64]

VALIDATION_FROM = 2012
FAMILIES = ("ensemble", "scorecard", "lightgbm")
_DRAWS = 400


@dataclass(frozen=True)
class Predicted:
    """Probabilities of the ensemble and of both families, and outcomes (NaN if not known), of unseen rows."""

    year: NDArray[np.int64]
    label: Vector
    ensemble: Vector
    scorecard: Vector
    lightgbm: Vector


@dataclass(frozen=True)
class Frozen:
    """Models and a calibration of one horizon that saw nothing of the validation years, and what they say of these."""

    families: Families
    calibration: Calibration
    predicted: Predicted


def frozen(accounts: Accounts, recipe: Recipe, horizon: int, out: OutOfTime) -> Frozen:
    """Validation rows scored by models and calibrations that saw nothing from their first year on."""
    rows = accounts.take(accounts.fiscal_year >= VALIDATION_FROM)
    before = known_by(accounts, VALIDATION_FROM, horizon)
    families = train_families(recipe, before, horizon)
    fitted = fit_calibration(out.until(VALIDATION_FROM - horizon), recipe.half_life)
    calibration = calibration_at_level(fitted, families, before, horizon)
    predicted = _predicted(rows.fiscal_year, rows.outcomes[horizon], calibration, *families.log_odds(rows))
    return Frozen(families, calibration, predicted)


def rolled(out: OutOfTime, half_life: float) -> Predicted:
    """Rolling-origin rows, calibrated over all of their years together."""
    return _predicted(out.year, out.outcome, fit_calibration(out, half_life), out.scorecard, out.lightgbm)


def within_horizons(predicted: Mapping[int, Predicted], *, hazards: bool) -> dict[int, Predicted]:
    """What is predicted within each horizon, of the rows whose outcome is known.

    With `hazards` a horizon's probability is of a default in its last year after none before; rows of the same year
    stand in the same order at every horizon that has the year.
    """
    found: dict[int, Predicted] = {}
    for horizon, one in predicted.items():
        within = {family: getattr(one, family) for family in FAMILIES}
        for before in range(horizon - 1, 0, -1) if hazards else ():
            earlier = predicted[before]
            same = np.isin(earlier.year, one.year)
            for family, pd in within.items():
                hazard = getattr(earlier, family)[same]
                within[family] = hazard + (1.0 - hazard) * pd
        known_rows = ~np.isnan(one.label)
        found[horizon] = Predicted(
            one.year[known_rows], one.label[known_rows], *(within[family][known_rows] for family in FAMILIES)
        )
    return found


def _predicted(
    year: NDArray[np.int64], label: Vector, calibration: Calibration, scorecard: Vector, lightgbm: Vector
) -> Predicted:
    return Predicted(
        year,
        label,
        _probability(calibration.ensemble.log_odds(scorecard, lightgbm)),
        _probability(calibration.scorecard.log_odds(scorecard)),
        _probability(calibration.lightgbm.log_odds(lightgbm)),
    )


def measures(pd: Vector, label: Vector, seed: int) -> dict[str, Any]:
    """AUC with a 95 % bootstrap interval, log-loss, calibration line, mean probability against observed rate."""
    test = back_test(pd, label)
    intercept, slope = calibration_line(pd, label)
    random = np.random.default_rng(seed)
    draws = [auc(pd[rows], label[rows]) for rows in random.integers(0, len(pd), (_DRAWS, len(pd)))]
    low, high = np.quantile([value for value in draws if value is not None], [0.025, 0.975])
    return {
        "rows": test.companies,
        "defaults": test.defaults,
        "auc": _short(test.auc),
        "auc_low": _short(low),
        "auc_high": _short(high),
        "log_loss": _short(test.log_loss),
        "calibration_slope": _short(slope),
        "calibration_intercept": _short(intercept),
        "mean_pd": _short(test.mean_pd),
        "observed_rate": _short(test.observed_rate),
        "mean_pd_to_rate": _short(test.ratio),
    }


def evaluate(
    recipe: Recipe,
    validation: Mapping[int, Predicted],
    rolling: Mapping[int, Predicted],
) -> dict[str, Any]:
    """All metrics of a card as one JSON document."""
    document: dict[str, Any] = {"validation": {}, "rolling_origin": {}, "by_year": {}}
    for horizon in HORIZONS:
        for name, predicted in (("validation", validation[horizon]), ("rolling_origin", rolling[horizon])):
            document[name][f"{horizon}y"] = {
                family: measures(getattr(predicted, family), predicted.label, recipe.seed) for family in FAMILIES
            }
        document["by_year"][f"{horizon}y"] = by_year(rolling[horizon])
    test = back_test(rolling[1].ensemble, rolling[1].label)
    late = back_test(validation[1].ensemble, validation[1].label)
    document["grades"] = [_shortened(asdict(grade)) for grade in test.grades]
    document["grades_validation"] = [_shortened(asdict(grade)) for grade in late.grades]
    document["hosmer_lemeshow"] = _shortened(asdict(test.hosmer_lemeshow)) if test.hosmer_lemeshow else None
    document["hosmer_lemeshow_validation"] = _shortened(asdict(late.hosmer_lemeshow)) if late.hosmer_lemeshow else None
    mean, observed = deciles(rolling[1].ensemble, rolling[1].label)
    document["deciles"] = [
        {"mean_pd": _short(m), "observed_rate": _short(o)} for m, o in zip(mean, observed, strict=True)
    ]
    return document


def by_year(predicted: Predicted) -> list[dict[str, Any]]:
    """Rows, defaults, AUC and level per fiscal year."""
    table = []
    for year in np.unique(predicted.year).tolist():
        rows = predicted.year == year
        pd, label = predicted.ensemble[rows], predicted.label[rows]
        table.append(
            {
                "fiscal_year": year,
                "rows": int(rows.sum()),
                "defaults": int(label.sum()),
                "auc": _short(auc(pd, label)),
                "mean_pd": _short(pd.mean()),
                "observed_rate": _short(label.mean()),
            }
        )
    return table


def _probability(log_odds: Vector) -> Vector:
    return np.asarray(1.0 / (1.0 + np.exp(-log_odds)))


def _short(value: Any) -> float | None:
    return None if value is None else float(f"{float(value):.5g}")


def _shortened(values: dict[str, Any]) -> dict[str, Any]:
    return {name: _short(value) if isinstance(value, float) else value for name, value in values.items()}
