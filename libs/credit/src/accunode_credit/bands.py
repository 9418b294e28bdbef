"""Bands of the probability of default: narrow intervals that rows are stored with.

An index by band walks through a portfolio by its probabilities, yet grows in a hundred places instead of anywhere, as
one by probability would; what is counted by band tells where a median lies. Bands say nothing of risk levels, which
are those of a tenant's own scale and, in what is stored, as they were given.
"""

from itertools import pairwise

_LOWEST = 0.0001
_ENDS = (0.02, 0.05, 0.15)
_STEPS = (48, 16, 16, 16)
"""How many bands lie up to each end, and how many beyond the last, above the lowest one."""


def _bounds() -> tuple[float, ...]:
    ends = pairwise((_LOWEST, *_ENDS, 1.0))
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
