"""How a missing input is read: as one that few companies alike are worse than.

Alike are companies whose score is about the same when the inputs that the one at hand lacks have their typical values.
Among these, an input's assumed value is one that nearly all of them are no worse than, so that nobody gains by silence;
it is learned with the model, and no better where the rest is worse.
"""

import math
from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Assumption:
    """The value of one input where it is missing, by the log-odds of the company with typical values instead.

    Attributes:
        log_odds: Where one value ends and the next begins, rising; shape (m,).
        values: The values, shape (m + 1,); no later one is better.
    """

    log_odds: tuple[float, ...]
    values: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Completion:
    """What is assumed for each input, and the value that is typical of all companies."""

    typical: tuple[float, ...]
    assumptions: tuple[Assumption, ...]

    @classmethod
    def of(cls, document: Mapping[str, Any], columns: Sequence[str]) -> Self:
        """Read from a model document."""
        entries = [document[name] for name in columns]
        return cls(
            tuple(entry["typical"] for entry in entries),
            tuple(Assumption(tuple(entry["log_odds"]), tuple(entry["values"])) for entry in entries),
        )

    def shifted(self, shift: float) -> "Completion":
        """The same for a model with `shift` added to every log-odds."""
        moved = (replace(each, log_odds=tuple(edge + shift for edge in each.log_odds)) for each in self.assumptions)
        return replace(self, assumptions=tuple(moved))

    def row(
        self, row: Sequence[float], log_odds: Callable[[Sequence[float]], float]
    ) -> tuple[Sequence[float], float | None]:
        """A row without gaps, and its log-odds with typical values in them; None where it has no gap."""
        gaps = [place for place, value in enumerate(row) if math.isnan(value)]
        if not gaps:
            return row, None
        filled = list(row)
        for place in gaps:
            filled[place] = self.typical[place]
        typical = log_odds(filled)
        for place in gaps:
            assumed = self.assumptions[place]
            filled[place] = assumed.values[bisect_right(assumed.log_odds, typical)]
        return filled, typical

    def matrix(
        self, columns: Sequence[Vector], log_odds: Callable[[Sequence[Vector]], Vector]
    ) -> tuple[Sequence[Vector], NDArray[np.intp], Vector]:
        """Columns without gaps, the rows that had any, and the log-odds of these with typical values in them."""
        absent = [np.isnan(values) for values in columns]
        rows = np.flatnonzero(np.logical_or.reduce(absent))
        if not len(rows):
            return columns, rows, np.empty(0)
        parts = [
            np.where(gone[rows], usual, values[rows])
            for values, gone, usual in zip(columns, absent, self.typical, strict=True)
        ]
        typical = log_odds(parts)
        filled: list[Vector] = []
        for values, gone, assumed in zip(columns, absent, self.assumptions, strict=True):
            if not gone.any():
                filled.append(values)
                continue
            made = values.copy()
            here = gone[rows]
            found = np.searchsorted(np.array(assumed.log_odds), typical[here], side="right")
            made[rows[here]] = np.array(assumed.values)[found]
            filled.append(made)
        return filled, rows, typical
