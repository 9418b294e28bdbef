"""The two distributions that back-tests need, without scipy.

Incomplete beta and gamma functions by continued fraction and series (Press et al., Numerical Recipes, chapter 6).
"""

import math

_TINY = 1e-300
_ACCURACY = 1e-14
_STEPS = 500


def beta_cdf(x: float, a: float, b: float) -> float:
    """Probability that a Beta(a, b) variable is at most x (regularised incomplete beta function)."""
    if x <= 0.0:
        return 0.0
    if x >= 1.0:
        return 1.0
    scale = math.exp(math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x))
    if x < (a + 1.0) / (a + b + 2.0):
        return scale * _beta_fraction(x, a, b) / a
    return 1.0 - scale * _beta_fraction(1.0 - x, b, a) / b


def _beta_fraction(x: float, a: float, b: float) -> float:
    c, d = 1.0, 1.0 / _away_from_zero(1.0 - (a + b) * x / (a + 1.0))
    value = d
    for m in range(1, _STEPS):
        for term in (
            m * (b - m) * x / ((a + 2 * m - 1.0) * (a + 2 * m)),
            -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1.0)),
        ):
            d = 1.0 / _away_from_zero(1.0 + term * d)
            c = _away_from_zero(1.0 + term / c)
            value *= c * d
        if abs(c * d - 1.0) < _ACCURACY:
            break
    return value


def beta_quantile(probability: float, a: float, b: float) -> float:
    """The x at which `beta_cdf` reaches `probability`, by bisection to 1e-12."""
    low, high = 0.0, 1.0
    while high - low > 1e-12:
        middle = (low + high) / 2.0
        if beta_cdf(middle, a, b) < probability:
            low = middle
        else:
            high = middle
    return (low + high) / 2.0


def chi_square_survival(statistic: float, degrees: int) -> float:
    """Probability that a chi-square variable exceeds `statistic` (regularised upper incomplete gamma function)."""
    a, x = degrees / 2.0, statistic / 2.0
    if x <= 0.0:
        return 1.0
    scale = math.exp(a * math.log(x) - x - math.lgamma(a))
    if x < a + 1.0:
        term = total = 1.0 / a
        for n in range(1, _STEPS):
            term *= x / (a + n)
            total += term
            if term < total * _ACCURACY:
                break
        return 1.0 - scale * total
    b = x + 1.0 - a
    c, d = 1.0 / _TINY, 1.0 / b
    value = d
    for n in range(1, _STEPS):
        b += 2.0
        d = 1.0 / _away_from_zero(-n * (n - a) * d + b)
        c = _away_from_zero(b - n * (n - a) / c)
        value *= c * d
        if abs(c * d - 1.0) < _ACCURACY:
            break
    return scale * value


def _away_from_zero(value: float) -> float:
    return value if abs(value) > _TINY else _TINY
