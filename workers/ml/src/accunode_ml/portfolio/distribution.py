"""The distribution of scores: counts by grade and risk level, mean and sum of the probabilities of default."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from accunode_scoring import RISK_LEVELS, ScoreMatrix


class Scores(NamedTuple):
    """Probability of default, grade and risk level of n predictions."""

    pd: NDArray[np.float64]
    grades: Sequence[str]
    levels: Sequence[str]

    @classmethod
    def stored(cls, rows: Sequence[Mapping[Any, Any]]) -> Self:
        """Those of stored predictions."""
        pd, grades, levels = ([row[name] for row in rows] for name in ("pd", "grade", "risk_level"))
        return cls(np.array(pd), grades, levels)

    @classmethod
    def computed(cls, scores: ScoreMatrix) -> Self:
        """Those of a scored matrix."""
        grades = [scores.grades[number] for number in scores.grade]
        return cls(scores.pd, grades, [scores.risk_levels[number].value for number in scores.risk_level])


class ScoreDistribution:
    """Grows block by block, and goes on from what a job's result has of it.

    Args:
        stored: What `as_dict` gave before, or nothing.
    """

    def __init__(self, stored: Mapping[str, Any] | None = None) -> None:
        stored = stored or {}
        self._count = int(stored.get("count", 0))
        self._expected = float(stored.get("expected_defaults", 0.0))
        self._grades: dict[str, int] = dict(stored.get("grades", {}))
        self._levels: dict[str, int] = {level.value: 0 for level in RISK_LEVELS} | dict(stored.get("risk_levels", {}))

    def add(self, scores: Scores) -> None:
        """Count these too."""
        self._count += len(scores.pd)
        self._expected += float(scores.pd.sum())
        for counts, values in ((self._grades, scores.grades), (self._levels, scores.levels)):
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
