"""How the probability of default depends on each ratio, and the smallest change that reaches a limit.

Distances between values of a ratio are measured in percentile points of the reference population, so that ratios of
different units compare. Models are step functions, so the search probes instead of following gradients.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from accunode_scoring import Scorer
from accunode_scoring.reasons import percentile

Vector = NDArray[np.float64]
Row = tuple[float, ...]

CURVE_PERCENTILES = (1.0, 5.0, 10.0, 25.0, 50.0, 75.0, 90.0, 95.0, 99.0)
_GRID_PERCENTILES = np.linspace(1.0, 99.0, 197)
_HALVINGS = 30
_STEPS = (2.0, 5.0, 10.0, 20.0, 40.0)
_MOST_STEPS = 60


@dataclass(frozen=True, slots=True)
class Move:
    """One ratio's way from a value to another."""

    column: str
    value: float
    target: float
    percentile: float
    target_percentile: float

    @property
    def length(self) -> float:
        """In percentile points."""
        return abs(self.target_percentile - self.percentile)


class Surroundings:
    """The neighbourhood of one company's ratios under one model.

    Args:
        scorer: The model.
        values: The ratios by column; None where missing.
    """

    def __init__(self, scorer: Scorer, values: Mapping[str, float | None]) -> None:
        self._scorer = scorer
        self.columns = scorer.columns
        self.row = np.array([np.nan if values.get(c) is None else values[c] for c in self.columns], dtype=np.float64)
        self._quantiles = [np.asarray(scorer.model.reference[column].quantiles) for column in self.columns]

    def pd(self, rows: Vector) -> Vector:
        """Probabilities of rows of shape (n, len(columns))."""
        return self._scorer.score_matrix(rows).pd

    def value_at(self, place: int, rank: float) -> float:
        """The value of a ratio at a percentile of the population."""
        return float(np.quantile(self._quantiles[place], rank / 100.0))

    def rank_of(self, place: int, value: float) -> float:
        """The percentile of a value."""
        return percentile(value, self._scorer.model.reference[self.columns[place]])

    def curve(self, place: int, ranks: tuple[float, ...] = CURVE_PERCENTILES) -> tuple[Vector, Vector]:
        """Values of one ratio at percentiles, and the probabilities if it had them."""
        values = np.quantile(self._quantiles[place], np.array(ranks) / 100.0)
        return values, self.pd(self._with(place, values))

    def nearest_alone(self, place: int, passes: Callable[[Vector], NDArray[np.bool_]]) -> Move | None:
        """The nearest value of one given ratio at which `passes` holds for the probability, if there is one."""
        value = float(self.row[place])
        if np.isnan(value):
            return None
        rank = self.rank_of(place, value)
        values = np.quantile(self._quantiles[place], _GRID_PERCENTILES / 100.0)
        good = np.flatnonzero(passes(self.pd(self._with(place, values))))
        if not len(good):
            return None
        target = float(values[good[np.argmin(np.abs(_GRID_PERCENTILES[good] - rank))]])
        target = self._pull_back(self.row, place, value, target, passes)
        return Move(self.columns[place], value, target, rank, self.rank_of(place, target))

    def nearest_together(self, passes: Callable[[Vector], NDArray[np.bool_]]) -> list[Move] | None:
        """Moves of several ratios after which `passes` holds: the steepest first, then each taken back if it can be."""
        given = [place for place in range(len(self.columns)) if not np.isnan(self.row[place])]
        start = {place: self.rank_of(place, float(self.row[place])) for place in given}
        row, ranks, pd = self.row.copy(), dict(start), float(self.pd(self.row[None, :])[0])
        for _ in range(_MOST_STEPS):
            if passes(np.array([pd]))[0]:
                return self._trimmed(row, given, start, passes)
            tries = [
                (place, min(max(ranks[place] + sign * step, 1.0), 99.0), step)
                for place in given
                for step in _STEPS
                for sign in (-1.0, 1.0)
            ]
            rows = np.repeat(row[None, :], len(tries), axis=0)
            for number, (place, rank, _) in enumerate(tries):
                rows[number, place] = self.value_at(place, rank)
            gains = (pd - self.pd(rows)) / np.array([step for _, _, step in tries])
            best = int(np.argmax(gains))
            if gains[best] <= 0.0:
                return None
            place, rank, _ = tries[best]
            row, ranks[place] = rows[best], rank
            pd = float(self.pd(row[None, :])[0])
        return None

    def _trimmed(
        self, row: Vector, given: list[int], start: Mapping[int, float], passes: Callable[[Vector], NDArray[np.bool_]]
    ) -> list[Move]:
        moves = []
        for place in given:
            before, after = float(self.row[place]), float(row[place])
            if before != after:
                row[place] = self._pull_back(row, place, before, after, passes)
            if row[place] != before:
                target = float(row[place])
                moves.append(Move(self.columns[place], before, target, start[place], self.rank_of(place, target)))
        return moves

    def _pull_back(
        self, row: Vector, place: int, value: float, target: float, passes: Callable[[Vector], NDArray[np.bool_]]
    ) -> float:
        """Halve the way from `value` to `target` as long as the nearer end passes."""
        probe = row.copy()
        probe[place] = value
        if passes(self.pd(probe[None, :]))[0]:
            return value
        failing, passing = value, target
        for _ in range(_HALVINGS):
            middle = (failing + passing) / 2.0
            probe[place] = middle
            if passes(self.pd(probe[None, :]))[0]:
                passing = middle
            else:
                failing = middle
        return passing

    def _with(self, place: int, values: Vector) -> Vector:
        rows = np.repeat(self.row[None, :], len(values), axis=0)
        rows[:, place] = values
        return rows
