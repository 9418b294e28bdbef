"""Many durations in little memory: counts by size, from which percentiles are read to within 2 %."""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from accunode_infra.simulation.queueing import Vector

SHORTEST, LONGEST = 1e-4, 1e6
PER_DECADE = 120
"""Each is 10^(1/120), or 1.9 %, longer than the one before."""

_EDGES = np.logspace(
    np.log10(SHORTEST), np.log10(LONGEST), round(PER_DECADE * np.log10(LONGEST / SHORTEST)) + 1, dtype=np.float64
)


class Tally:
    """Durations in seconds."""

    def __init__(self) -> None:
        self._counts: NDArray[np.int64] = np.zeros(len(_EDGES) + 1, dtype=np.int64)
        self._sum = 0.0
        self.most = 0.0

    def __len__(self) -> int:
        return int(self._counts.sum())

    def add(self, durations: Vector) -> None:
        """Count each."""
        if len(durations):
            self._counts += np.bincount(np.searchsorted(_EDGES, durations), minlength=len(_EDGES) + 1)
            self._sum += float(durations.sum())
            self.most = max(self.most, float(durations.max()))

    @classmethod
    def together(cls, tallies: Iterable["Tally"]) -> "Tally":
        """All durations of several."""
        whole = cls()
        for each in tallies:
            whole._counts += each._counts
            whole._sum += each._sum
            whole.most = max(whole.most, each.most)
        return whole

    @property
    def mean(self) -> float:
        """Their mean; 0 of none."""
        count = len(self)
        return self._sum / count if count else 0.0

    def percentile(self, share: float) -> float:
        """The duration that `share` per cent do not exceed; 0 of none."""
        count = len(self)
        if not count:
            return 0.0
        place = int(np.searchsorted(np.cumsum(self._counts), share / 100 * count))
        return 0.0 if place == 0 else min(float(_EDGES[min(place, len(_EDGES) - 1)]), self.most)
