"""Monitoring statistics: population stability, input quality, calibration tests and back-tests. Pure numpy.

Everything here takes arrays; where they come from is the caller's business.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from accunode_scoring.distributions import beta_cdf, beta_quantile, chi_square_survival
from accunode_scoring.model_file import Reference
from accunode_scoring.scale import DEFAULT_SCALE, MasterScale

Vector = NDArray[np.float64]
Stability = Literal["too_few", "stable", "shifting", "shifted"]

WATCH_THRESHOLD = 0.10
ACT_THRESHOLD = 0.25
FEWEST_ROWS = 50
"""Fewer rows have no verdict: a tenth of them, one bin's share, is less than five, and no law holds."""

CHANCE = 0.01
"""How often a sample without any shift may be called shifting, over all columns of a report.

Reports on 50 to 300 rows of the training population itself alarm more often, about one in twenty (500 drawn of each).
"""

_SEVERITY: tuple[Stability, ...] = ("too_few", "stable", "shifting", "shifted")
_SMALLEST_SHARE = 1e-4
_SIGNIFICANCE = 0.05


@dataclass(frozen=True, slots=True)
class Drift:
    """One column against the reference population.

    `psi` sums (share - reference share) * ln(share / reference share) over the reference's bins and missing values;
    shares are floored at 0.0001, and an empty bin counts as half a row where the reference has more. `p_value` says how
    often as many rows without any shift have such an index (see `chance_of`); `stability` follows from both.
    """

    column: str
    rows: int
    psi: float
    p_value: float
    stability: Stability
    missing_share: float
    out_of_range_share: float
    shares: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class GradeTest:
    """One grade's back-test: Jeffreys' one-sided test that the true rate exceeds the assigned probability."""

    grade: str
    companies: int
    defaults: int
    mean_pd: float
    observed_rate: float
    low: float
    high: float
    p_value: float
    passed: bool


@dataclass(frozen=True, slots=True)
class HosmerLemeshow:
    """Goodness of fit over groups of equal size by probability: chi-square statistic, groups and p-value."""

    statistic: float
    groups: int
    p_value: float


@dataclass(frozen=True, slots=True)
class BackTest:
    """Outcomes against probabilities. `auc` is None when only one outcome occurs; `ratio` when nobody defaulted."""

    companies: int
    defaults: int
    mean_pd: float
    observed_rate: float
    ratio: float | None
    auc: float | None
    log_loss: float
    grades: tuple[GradeTest, ...]
    hosmer_lemeshow: HosmerLemeshow | None


def stability(psi: float, rows: int, p_value: float, chance: float = CHANCE) -> Stability:
    """What a population stability index says: shifting from 0.10 on and shifted from 0.25 on, unless it is chance's.

    An index whose `p_value` is at least `chance` is called stable, and fewer than 50 rows are too few to tell.
    """
    if rows < FEWEST_ROWS:
        return "too_few"
    if psi < WATCH_THRESHOLD or p_value >= chance:
        return "stable"
    return "shifting" if psi < ACT_THRESHOLD else "shifted"


def chance_of(psi: float, rows: int, reference: Reference) -> float:
    """Probability that n rows drawn from the reference population have at least such an index.

    Without a shift, psi / (1/n + 1/N) is chi-square with one degree of freedom less than there are bins (Yurdakul,
    Statistical Properties of Population Stability Index, Western Michigan University, 2018). N is left out: the
    reference has tens of thousands of rows, and samples of that size have by chance indices far below the thresholds.
    """
    bins = sum(share > 0.0 for share in reference.shares)
    return chi_square_survival(psi * rows, bins - 1)


def drift(column: str, values: Vector, reference: Reference, chance: float = CHANCE) -> Drift:
    """Compare values of shape (n,), NaN where missing, with the stored training population. Raises if n is 0."""
    if not len(values):
        raise ValueError("no values to compare")
    given = values[~np.isnan(values)]
    code = np.searchsorted(np.array(reference.edges), given, side="left")
    counts = np.append(np.bincount(code, minlength=len(reference.edges) + 1), len(values) - len(given))
    shares = counts / len(values)
    then = np.maximum(np.array(reference.shares), _SMALLEST_SHARE)
    now = np.maximum(shares, np.minimum(then, max(_SMALLEST_SHARE, 0.5 / len(values))))
    psi = float(np.sum((now - then) * np.log(now / then)))
    p_value = chance_of(psi, len(values), reference)
    outside = (given < reference.low) | (given > reference.high)
    return Drift(
        column=column,
        rows=len(values),
        psi=psi,
        p_value=p_value,
        stability=stability(psi, len(values), p_value, chance),
        missing_share=float(shares[-1]),
        out_of_range_share=float(outside.sum() / len(values)),
        shares=tuple(shares.tolist()),
    )


def drift_report(columns: Mapping[str, Vector], reference: Mapping[str, Reference]) -> tuple[Drift, ...]:
    """Drift of every column that has a reference; `pd` is the score's. The columns share what is left to chance."""
    known = {name: values for name, values in columns.items() if name in reference}
    return tuple(drift(name, values, reference[name], CHANCE / len(known)) for name, values in known.items())


def worst(found: Iterable[Drift]) -> Stability:
    """The gravest verdict; too few only if none has rows enough."""
    return max((column.stability for column in found), key=_SEVERITY.index)


def auc(pd: Vector, default: Vector) -> float | None:
    """Area under the ROC curve with ties counted half; None when only one outcome occurs."""
    positives = int((default == 1).sum())
    negatives = len(default) - positives
    if not positives or not negatives:
        return None
    _, place, counts = np.unique(pd, return_inverse=True, return_counts=True)
    ends = np.cumsum(counts)
    ranks = (ends - (counts - 1) / 2)[place]
    return float((ranks[default == 1].sum() - positives * (positives + 1) / 2) / (positives * negatives))


def log_loss(pd: Vector, default: Vector) -> float:
    """Mean negative log-likelihood."""
    inside = np.clip(pd, 1e-15, 1 - 1e-15)
    return float(-np.mean(np.where(default == 1, np.log(inside), np.log1p(-inside))))


def jeffreys(companies: int, defaults: int, pd: float) -> float:
    """P-value of Jeffreys' test (EBA/ECB): probability that the true rate is at most `pd`, given the outcomes.

    The posterior of the rate is Beta(defaults + 1/2, companies - defaults + 1/2); small values say `pd` is too low.
    """
    return beta_cdf(pd, defaults + 0.5, companies - defaults + 0.5)


def grade_tests(pd: Vector, default: Vector, scale: MasterScale | None = None) -> tuple[GradeTest, ...]:
    """Jeffreys' test and 95 % interval of the default rate per grade that holds companies."""
    scale = scale or DEFAULT_SCALE
    index = scale.grade_index(pd)
    tests: list[GradeTest] = []
    for place, grade in enumerate(scale.grades):
        inside = index == place
        companies = int(inside.sum())
        if not companies:
            continue
        defaults = int(default[inside].sum())
        mean = float(pd[inside].mean())
        a, b = defaults + 0.5, companies - defaults + 0.5
        p_value = jeffreys(companies, defaults, mean)
        tests.append(
            GradeTest(
                grade=grade.name,
                companies=companies,
                defaults=defaults,
                mean_pd=mean,
                observed_rate=defaults / companies,
                low=0.0 if defaults == 0 else beta_quantile(0.025, a, b),
                high=1.0 if defaults == companies else beta_quantile(0.975, a, b),
                p_value=p_value,
                passed=p_value >= _SIGNIFICANCE,
            )
        )
    return tuple(tests)


def hosmer_lemeshow(pd: Vector, default: Vector, groups: int = 10) -> HosmerLemeshow | None:
    """Hosmer-Lemeshow test of out-of-sample probabilities: as many degrees of freedom as groups, None below 10 rows."""
    if len(pd) < groups:
        return None
    statistic = 0.0
    for part in np.array_split(np.argsort(pd, kind="stable"), groups):
        expected = float(pd[part].sum())
        variance = expected * (1.0 - expected / len(part))
        if variance > 0.0:
            statistic += (float(default[part].sum()) - expected) ** 2 / variance
    return HosmerLemeshow(statistic, groups, chi_square_survival(statistic, groups))


def back_test(pd: Vector, default: Vector, scale: MasterScale | None = None) -> BackTest:
    """Everything about outcomes (0 or 1, shape (n,)) against probabilities of default. Raises ValueError if n is 0."""
    if not len(pd) or len(pd) != len(default):
        raise ValueError("a back-test needs as many outcomes as probabilities, and at least one")
    mean, rate = float(pd.mean()), float(default.mean())
    return BackTest(
        companies=len(pd),
        defaults=int(default.sum()),
        mean_pd=mean,
        observed_rate=rate,
        ratio=mean / rate if rate > 0.0 else None,
        auc=auc(pd, default),
        log_loss=log_loss(pd, default),
        grades=grade_tests(pd, default, scale),
        hosmer_lemeshow=hosmer_lemeshow(pd, default),
    )


def calibration_line(pd: Vector, default: Vector, steps: int = 50) -> tuple[float, float]:
    """Intercept and slope of outcomes on the log-odds of `pd`, by Newton's method; (0, 1) is perfect."""
    z = np.log(pd / (1.0 - pd))
    intercept, slope = 0.0, 1.0
    for _ in range(steps):
        p = 1.0 / (1.0 + np.exp(-(intercept + slope * z)))
        w = p * (1.0 - p)
        gradient = np.array([np.sum(default - p), np.sum((default - p) * z)])
        hessian = np.array([[w.sum(), (w * z).sum()], [(w * z).sum(), (w * z * z).sum()]])
        step = np.linalg.solve(hessian, gradient)
        intercept, slope = intercept + float(step[0]), slope + float(step[1])
        if math.hypot(*step) < 1e-10:
            break
    return intercept, slope


def deciles(pd: Vector, default: Vector, groups: int = 10) -> tuple[Sequence[float], Sequence[float]]:
    """Mean probability and observed rate in groups of equal size by probability, lowest first."""
    parts = np.array_split(np.argsort(pd, kind="stable"), groups)
    return [float(pd[part].mean()) for part in parts], [float(default[part].mean()) for part in parts]
