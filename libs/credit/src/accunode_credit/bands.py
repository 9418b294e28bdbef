"""Bands of the probability of default: narrow intervals, each inside one risk level, that rows are stored with.

An index by band finds the rows of a level, and walks through a portfolio by its probabilities, yet grows in a hundred
places instead of anywhere, as one by probability would; what is counted by band tells where a median lies.
"""

from bisect import bisect_right
from itertools import pairwise

from accunode_scoring import RISK_LEVEL_BOUNDS, RISK_LEVELS, RiskLevel

_LOWEST = 0.0001
_STEPS = (48, 16, 16, 16)
"""How many bands a level has, above the lowest one."""


def _bounds() -> tuple[float, ...]:
    ends = pairwise((_LOWEST, *RISK_LEVEL_BOUNDS, 1.0))
    return tuple(
        round(low * (high / low) ** (step / steps), 7)
        for steps, (low, high) in zip(_STEPS, ends, strict=True)
        for step in range(steps)
    )


BAND_BOUNDS = _bounds()
"""A band begins at its bound and ends below the next; band 0 lies below the first, the last band ends with 1."""

BAND_EXPRESSION = f"width_bucket(pd, '{{{','.join(map(str, BAND_BOUNDS))}}}'::double precision[])::smallint"
"""The band of a row, for its generated column."""

BANDS = range(len(BAND_BOUNDS) + 1)
"""All bands, those of the lowest probabilities first."""


def bands_of(level: RiskLevel) -> range:
    """The bands of a risk level."""
    place = RISK_LEVELS.index(level)
    edges = (0, *(bisect_right(BAND_BOUNDS, bound) for bound in RISK_LEVEL_BOUNDS), BANDS.stop)
    return range(edges[place], edges[place + 1])
