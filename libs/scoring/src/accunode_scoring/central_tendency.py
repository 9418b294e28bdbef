"""A long-run default rate of one's own: the shift of log-odds that gives the population of the training that mean PD.

A model's probabilities count what it was trained on. Where another event is counted, or another population lent to, the
intercept is moved until the mean over the reference population is the long-run rate, and nothing else: the order of
companies and the ratios of their odds stay (calibration to a central tendency by the intercept of the log-odds, as in
D. Tasche, The art of probability-of-default curve calibration, Journal of Credit Risk 9, 2013, and as `log.odds.a` of
the R package PDtoolkit does).
"""

import numpy as np
from numpy.typing import NDArray

from accunode_scoring.model_file import Reference, logit

LEAST_RATE, GREATEST_RATE = 1e-4, 0.5
"""Which long-run rates make sense; others are refused."""

_POINTS = 4000
_WIDEST = 20.0
_HALVINGS = 60
_DIGITS = 9
"""Digits of a shift: it is the same on every machine, so that scoring again finds nothing changed."""

Vector = NDArray[np.float64]


def mean_pd(population: Reference, shift: float = 0.0) -> float:
    """The mean probability of a reference population, a fraction, with `shift` added to its log-odds.

    Between the quantiles that the model has, log-odds are taken to be linear in the rank.
    """
    return _mean(_log_odds(population), shift)


def shift_to(rate: float, population: Reference) -> float:
    """The shift of log-odds with which the mean probability of a reference population is `rate`.

    Raises:
        ValueError: The rate is no fraction between `LEAST_RATE` and `GREATEST_RATE`.
    """
    if not LEAST_RATE <= rate <= GREATEST_RATE:
        raise ValueError(f"A long-run default rate is a fraction from {LEAST_RATE} to {GREATEST_RATE}, not {rate}.")
    log_odds = _log_odds(population)
    low, high = -_WIDEST, _WIDEST
    for _ in range(_HALVINGS):
        middle = (low + high) / 2.0
        if _mean(log_odds, middle) < rate:
            low = middle
        else:
            high = middle
    return round((low + high) / 2.0, _DIGITS)


def _log_odds(population: Reference) -> Vector:
    quantiles = logit(np.array(population.quantiles))
    ranks = (np.arange(_POINTS) + 0.5) / _POINTS
    return np.interp(ranks, np.linspace(0.0, 1.0, len(quantiles)), quantiles)


def _mean(log_odds: Vector, shift: float) -> float:
    return float(np.mean(1.0 / (1.0 + np.exp(-(log_odds + shift)))))
