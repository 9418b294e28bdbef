"""Additive models with pairs: one-dimensional and two-dimensional tables over binned features, in log-odds.

Bins of a feature with m edges are 0..m (bin b holds edges[b-1] < x <= edges[b]); bin m + 1 is "missing".
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from accunode_scoring.lightgbm_text import BoosterText, Interval

Vector = NDArray[np.float64]
Edges = tuple[NDArray[np.float64], ...]


@dataclass(frozen=True, slots=True)
class Grid:
    """The bins of a pair table: coarser than the features' own, and for each bin of a feature the one it lies in."""

    row_edges: Vector
    column_edges: Vector
    rows: NDArray[np.intp]
    columns: NDArray[np.intp]


Grids = Mapping[tuple[int, int], Grid]


@dataclass(slots=True)
class Additive:
    """`constant` + sum of `main[f][bin f]` + sum of `pairs[f, g]` at the grid's row and column of both bins, f < g."""

    edges: Edges
    grids: Grids
    constant: float
    main: tuple[Vector, ...]
    pairs: Mapping[tuple[int, int], Vector]

    def copy(self) -> "Additive":
        """The same model in memory of its own."""
        pairs = {pair: table.copy() for pair, table in self.pairs.items()}
        return Additive(self.edges, self.grids, self.constant, tuple(table.copy() for table in self.main), pairs)

    def scale(self, factor: float) -> None:
        """Multiply every value by `factor`, in place."""
        self.constant *= factor
        for table in (*self.main, *self.pairs.values()):
            table *= factor

    def add_main(self, other: "Additive", factor: float) -> None:
        """Add `factor` times a model without pairs over the same edges, in place."""
        self.constant += factor * other.constant
        for ours, theirs in zip(self.main, other.main, strict=True):
            ours += factor * theirs

    def purify(self, weights: Sequence[Vector]) -> None:
        """Give every table a mean of zero under the marginal bin `weights` (each summing to 1), in place.

        The function stays the same. Pair tables keep interactions only: their row and column means move to the main
        tables (functional ANOVA under independent marginals), and all means to the constant.
        """
        for (f, g), table in self.pairs.items():
            grid = self.grids[f, g]
            row_weights = np.bincount(grid.rows, weights[f], table.shape[0])
            column_weights = np.bincount(grid.columns, weights[g], table.shape[1])
            rows = table @ column_weights
            columns = row_weights @ table
            mean = float(row_weights @ rows)
            table -= rows[:, None]
            table -= columns[None, :]
            table += mean
            self.main[f][:] += rows[grid.rows]
            self.main[g][:] += columns[grid.columns]
            self.constant -= mean
        for f, table in enumerate(self.main):
            mean = float(weights[f] @ table)
            table -= mean
            self.constant += mean

    def anchor(self, at: Sequence[int]) -> None:
        """Give every table the value zero where a feature is in the bin `at` of it, in place.

        The function stays the same, and the constant is its value at the anchor. A main table's value plus half of the
        pair tables' is then the feature's Shapley value against the anchor (Shapley 1953, with absent players at the
        anchor), which in a monotone model has the sign of the feature's difference from it.
        """
        for (f, g), table in self.pairs.items():
            grid = self.grids[f, g]
            row, column = grid.rows[at[f]], grid.columns[at[g]]
            rows, columns, corner = table[:, column].copy(), table[row, :].copy(), float(table[row, column])
            table -= rows[:, None]
            table -= columns[None, :]
            table += corner
            self.main[f][:] += rows[grid.rows] - corner
            self.main[g][:] += columns[grid.columns] - corner
            self.constant += corner
            # Exactly, where subtractions leave a remainder.
            table[row, :] = 0.0
            table[:, column] = 0.0
        for place, table in zip(at, self.main, strict=True):
            value = float(table[place])
            table -= value
            self.constant += value

    def log_odds(self, bins: Sequence[NDArray[np.intp]]) -> Vector:
        """Log-odds of rows given by their bin per feature, each of shape (n,)."""
        total = np.full(len(bins[0]), self.constant)
        for table, code in zip(self.main, bins, strict=True):
            total += table[code]
        for (f, g), table in self.pairs.items():
            grid = self.grids[f, g]
            total += table[grid.rows[bins[f]], grid.columns[bins[g]]]
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


def grids_of(boosters: Sequence[BoosterText], edges: Edges) -> dict[tuple[int, int], Grid]:
    """For every pair of features that meet in a box, the thresholds of all boosters' boxes over that pair."""
    found: dict[tuple[int, int], tuple[set[float], set[float]]] = {}
    for booster in boosters:
        for box in booster.boxes:
            if len(box.intervals) == 2:
                (f, rows), (g, columns) = box.intervals
                row_edges, column_edges = found.setdefault((f, g), (set(), set()))
                row_edges.update((rows.low, rows.high))
                column_edges.update((columns.low, columns.high))
    grids: dict[tuple[int, int], Grid] = {}
    for f, g in sorted(found):
        row_array, column_array = (np.array(sorted(one - {-np.inf, np.inf})) for one in found[f, g])
        grids[f, g] = Grid(row_array, column_array, _inside(row_array, edges[f]), _inside(column_array, edges[g]))
    return grids


def _inside(coarse: Vector, fine: Vector) -> NDArray[np.intp]:
    """The coarse bin that holds each fine bin; both end with the one for missing values."""
    return np.append(np.searchsorted(coarse, np.append(fine, np.inf), side="left"), len(coarse) + 1)


def compile_booster(booster: BoosterText, edges: Edges, grids: Grids) -> Additive:
    """Tables equal to the booster's raw score, over edges and grids that contain all of its thresholds."""
    position = [_positions(table) for table in edges]
    places = {pair: (_positions(grid.row_edges), _positions(grid.column_edges)) for pair, grid in grids.items()}
    constant = 0.0
    main = tuple(np.zeros(len(table) + 2) for table in edges)
    pairs = {pair: np.zeros((len(grid.row_edges) + 2, len(grid.column_edges) + 2)) for pair, grid in grids.items()}
    for box in booster.boxes:
        if not box.intervals:
            constant += box.value
        elif len(box.intervals) == 1:
            feature, interval = box.intervals[0]
            for part in _parts(interval, position[feature]):
                main[feature][part] += box.value
        else:
            (f, rows), (g, columns) = box.intervals
            row_places, column_places = places[f, g]
            table = pairs[f, g]
            for row in _parts(rows, row_places):
                for column in _parts(columns, column_places):
                    table[row, column] += box.value
    return Additive(edges, grids, constant, main, pairs)


def _positions(edges: Vector) -> dict[float, int]:
    return {-np.inf: -1, np.inf: len(edges)} | {edge: index for index, edge in enumerate(edges.tolist())}


def _parts(interval: Interval, places: Mapping[float, int]) -> list[slice | int]:
    values = slice(places[interval.low] + 1, places[interval.high] + 1)
    return [values, places[np.inf] + 1] if interval.missing else [values]
