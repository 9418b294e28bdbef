"""Additive models with pairs: one-dimensional and two-dimensional tables over binned features, in log-odds.

Bins of a feature with m edges are 0..m (bin b holds edges[b-1] < x <= edges[b]); bin m + 1 is "missing".
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from accunode_scoring.lightgbm_text import BoosterText

Vector = NDArray[np.float64]
Edges = tuple[NDArray[np.float64], ...]


@dataclass(frozen=True)
class Additive:
    """`constant` + sum of `main[f][bin f]` + sum of `pairs[f, g][bin f, bin g]` with f < g."""

    edges: Edges
    constant: float
    main: tuple[Vector, ...]
    pairs: Mapping[tuple[int, int], Vector]

    def scaled(self, factor: float) -> "Additive":
        """The same model with every value times `factor`."""
        return Additive(
            self.edges,
            self.constant * factor,
            tuple(table * factor for table in self.main),
            {pair: table * factor for pair, table in self.pairs.items()},
        )

    def plus(self, other: "Additive") -> "Additive":
        """Sum of two models over the same edges."""
        pairs = dict(self.pairs)
        for pair, table in other.pairs.items():
            pairs[pair] = pairs[pair] + table if pair in pairs else table
        main = tuple(a + b for a, b in zip(self.main, other.main, strict=True))
        return Additive(self.edges, self.constant + other.constant, main, pairs)

    def purified(self, weights: Sequence[Vector]) -> "Additive":
        """The same function with every table's mean zero under the marginal bin `weights` (each summing to 1).

        Pair tables keep interactions only: their row and column means move to the main tables (functional ANOVA under
        independent marginals), and all means to the constant.
        """
        constant = self.constant
        main = [table.copy() for table in self.main]
        pairs: dict[tuple[int, int], Vector] = {}
        for (f, g), table in self.pairs.items():
            rows = table @ weights[g]
            columns = weights[f] @ table
            mean = float(weights[f] @ rows)
            pairs[f, g] = table - rows[:, None] - columns[None, :] + mean
            main[f] += rows
            main[g] += columns
            constant -= mean
        for f, table in enumerate(main):
            mean = float(weights[f] @ table)
            table -= mean
            constant += mean
        return Additive(self.edges, constant, tuple(main), pairs)

    def log_odds(self, bins: Sequence[NDArray[np.intp]]) -> Vector:
        """Log-odds of rows given by their bin per feature, each of shape (n,)."""
        total = np.full(len(bins[0]), self.constant)
        for table, code in zip(self.main, bins, strict=True):
            total += table[code]
        for (f, g), table in self.pairs.items():
            total += table[bins[f], bins[g]]
        return total


def bin_of(values: Vector, edges: Vector) -> NDArray[np.intp]:
    """Bin of each value, shape (n,); NaN is the last bin."""
    code = np.searchsorted(edges, values, side="left")
    code[np.isnan(values)] = len(edges) + 1
    return code


def edges_of(boosters: Sequence[BoosterText], features: int) -> list[set[float]]:
    """Thresholds that the boosters use, per feature."""
    edges: list[set[float]] = [set() for _ in range(features)]
    for booster in boosters:
        for box in booster.boxes:
            for feature, interval in box.intervals:
                edges[feature].update((interval.low, interval.high))
    for found in edges:
        found -= {-np.inf, np.inf}
    return edges


def compile_booster(booster: BoosterText, edges: Edges) -> Additive:
    """Tables equal to the booster's raw score, over `edges` that contain all of its thresholds."""
    position = [
        {-np.inf: -1, np.inf: len(table)} | {edge: index for index, edge in enumerate(table.tolist())}
        for table in edges
    ]
    constant = 0.0
    main = tuple(np.zeros(len(table) + 2) for table in edges)
    pairs: dict[tuple[int, int], Vector] = {}
    for box in booster.boxes:
        if not box.intervals:
            constant += box.value
            continue
        spans = []
        for feature, interval in box.intervals:
            where = position[feature]
            span = slice(where[interval.low] + 1, where[interval.high] + 1)
            spans.append((span, len(edges[feature]) + 1 if interval.missing else None))
        if len(spans) == 1:
            for part in _parts(spans[0]):
                main[box.intervals[0][0]][part] += box.value
        else:
            pair = (box.intervals[0][0], box.intervals[1][0])
            if pair not in pairs:
                pairs[pair] = np.zeros((len(edges[pair[0]]) + 2, len(edges[pair[1]]) + 2))
            for row in _parts(spans[0]):
                for column in _parts(spans[1]):
                    pairs[pair][row, column] += box.value
    return Additive(edges, constant, main, dict(sorted(pairs.items())))


def _parts(span: tuple[slice, int | None]) -> list[slice | int]:
    values, missing = span
    return [values] if missing is None else [values, missing]
