"""How a set of scores is spread: counts by grade and risk level, and the mean probability of default."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from accunode_scoring import RISK_LEVELS

Vector = NDArray[np.float64]


class Tally:
    """Grows block by block; what it has said can be read back and go on growing.

    Args:
        said: What `as_dict` gave, or nothing.
    """

    def __init__(self, said: Mapping[str, Any] | None = None) -> None:
        said = said or {}
        self._count = int(said.get("count", 0))
        self._expected = float(said.get("expected_defaults", 0.0))
        self._grades: dict[str, int] = dict(said.get("grades", {}))
        self._levels: dict[str, int] = {level.value: 0 for level in RISK_LEVELS} | dict(said.get("risk_levels", {}))

    def add(self, pd: Vector, grades: Sequence[str], levels: Sequence[str]) -> None:
        """Count n scores, given by probability, grade and risk level."""
        self._count += len(pd)
        self._expected += float(pd.sum())
        for counts, values in ((self._grades, grades), (self._levels, levels)):
            for value in values:
                counts[value] = counts.get(value, 0) + 1

    def as_dict(self, order: Sequence[str] = ()) -> dict[str, Any]:
        """Counts, mean and sum of the probabilities; the grades of `order` come first, with zeros."""
        return {
            "count": self._count,
            "mean_pd": self._expected / self._count if self._count else None,
            "expected_defaults": self._expected,
            "grades": {name: self._grades.get(name, 0) for name in order} | self._grades,
            "risk_levels": self._levels,
        }
