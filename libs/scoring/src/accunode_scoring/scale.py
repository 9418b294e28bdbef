"""Master scale: grades by upper bound of the 1-year probability of default, each with a risk level."""

import math
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from accunode_scoring.kinds import RISK_LEVELS, RiskLevel, risk_level


@dataclass(frozen=True, slots=True)
class Grade:
    """One grade: probabilities below `upper` (and not below the grade before), represented by `midpoint`."""

    name: str
    upper: float
    midpoint: float
    risk_level: RiskLevel

    @classmethod
    def of(cls, name: str, upper: float, midpoint: float, level: RiskLevel | None = None) -> "Grade":
        """A grade; without a level it has that of its mid-point, by the default bounds of the levels."""
        return cls(name, upper, midpoint, level or risk_level(midpoint))


class ScaleError(ValueError):
    """Grades that are no master scale.

    Attributes:
        code: A stable name of the fault.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True)
class MasterScale:
    """Grades from best to worst. Upper bounds rise strictly and the last one is 1; risk levels never fall.

    Raises:
        ScaleError: They do not, or a mid-point lies outside its grade.
    """

    grades: tuple[Grade, ...]

    def __post_init__(self) -> None:
        bounds = [grade.upper for grade in self.grades]
        if len(bounds) < 2 or bounds[0] <= 0.0:
            raise ScaleError("grades", "A master scale has two grades or more, with upper bounds above 0.")
        if bounds[-1] != 1.0:
            raise ScaleError("last_bound", "The upper bound of the last grade is 1.")
        if any(low >= high for low, high in pairwise(bounds)):
            raise ScaleError("bounds", "Upper bounds rise from grade to grade.")
        if len({grade.name for grade in self.grades}) != len(self.grades):
            raise ScaleError("names", "Each grade has a name of its own.")
        lower = 0.0
        for grade in self.grades:
            if not lower <= grade.midpoint <= grade.upper:
                raise ScaleError("midpoint", f"The mid-point of {grade.name} lies outside its bounds.")
            lower = grade.upper
        if any(low > high for low, high in pairwise(self._level_places)):
            raise ScaleError("levels", "Risk levels never fall from a grade to the next worse one.")

    @classmethod
    def from_bounds(cls, names: Sequence[str], uppers: Sequence[float]) -> "MasterScale":
        """A scale whose mid-points are geometric means of the bounds (half the bound for the best grade)."""
        lowers = (uppers[0] / 4, *uppers)
        return cls(
            tuple(
                Grade.of(name, upper, math.sqrt(lower * upper))
                for name, lower, upper in zip(names, lowers, uppers, strict=False)
            )
        )

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Grade names, best first."""
        return tuple(grade.name for grade in self.grades)

    @cached_property
    def lowers(self) -> tuple[float, ...]:
        """The probability where each grade begins."""
        return (0.0, *self._inner_bounds)

    @cached_property
    def _level_places(self) -> list[int]:
        return [RISK_LEVELS.index(grade.risk_level) for grade in self.grades]

    @cached_property
    def _inner_bounds(self) -> list[float]:
        return [grade.upper for grade in self.grades[:-1]]

    def grade(self, pd: float) -> Grade:
        """The grade of a probability of default, a fraction in [0, 1]."""
        return self.grades[bisect_right(self._inner_bounds, pd)]

    def grade_index(self, pd: NDArray[np.float64]) -> NDArray[np.int8]:
        """Index into `grades` per row of `pd`, shape (n,)."""
        return np.searchsorted(np.array(self._inner_bounds), pd, side="right").astype(np.int8)

    def risk_level_index(self, grade_index: NDArray[np.int8]) -> NDArray[np.int8]:
        """Index into `RISK_LEVELS` per row of what `grade_index` gave, shape (n,)."""
        return np.array(self._level_places, np.int8)[grade_index]


DEFAULT_SCALE = MasterScale.from_bounds(
    tuple(f"AN{number:02}" for number in range(1, 14)),
    (0.0005, 0.001, 0.002, 0.0035, 0.006, 0.01, 0.02, 0.03, 0.05, 0.09, 0.15, 0.3, 1.0),
)
"""No agency names its grades so. Levels begin where grades do."""
