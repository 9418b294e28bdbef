"""Evaluates a compiled model: for one row in plain Python, for a matrix in numpy blocks, with the same additions."""

from bisect import bisect_left
from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass
from functools import cached_property
from math import isnan

import numpy as np
from numpy.typing import NDArray

from accunode_scoring.additive import Additive
from accunode_scoring.binning import Binner

Vector = NDArray[np.float64]

BLOCK_ROWS = 4096
MANY_PAIRS = 60
"""From this number of pairs on, numpy looks up one row's cells faster than a loop does."""

_WIDTH = 4


@dataclass(frozen=True, slots=True)
class RowResult:
    """Log-odds of one row: contribution per feature (1 year), scorecard, LightGBM, ensemble at 1, 2 and 3 years."""

    contributions: list[float]
    scorecard: float
    lightgbm: float
    ensemble: tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class BlockResult:
    """The same for a block of n rows; `contributions` holds one array per feature."""

    contributions: list[Vector]
    scorecard: Vector
    lightgbm: Vector
    ensemble: tuple[Vector, Vector, Vector]


@dataclass(frozen=True, slots=True)
class _Pair:
    """A pair table: where its rows begin by bin of the first feature, and its column by bin of the second."""

    first: int
    second: int
    rows: NDArray[np.intp]
    columns: NDArray[np.intp]


class Engine:
    """Look-up tables of the scorecard, the LightGBM model and the ensembles of three horizons over shared bins.

    Each cell holds four log-odds: the contribution to the 1-year ensemble (half of it in a pair table, since either
    feature takes half), the 2- and 3-year ensembles, and the 1-year LightGBM model.
    """

    def __init__(self, scorecard: Additive, lightgbm: Additive, ensembles: Sequence[Additive]) -> None:
        one, two, three = ensembles
        self.edges = one.edges
        self.base = one.constant
        self._constants = (scorecard.constant, lightgbm.constant, two.constant, three.constant)
        self._edge_lists = [edges.tolist() for edges in one.edges]
        self._missing_bins = [len(edges) + 1 for edges in one.edges]
        members = (one, two, three, lightgbm)
        tables: list[Vector] = []
        self._main_offsets: list[int] = []
        offset = 0
        for feature in range(len(one.edges)):
            self._main_offsets.append(offset)
            tables.append(np.stack([member.main[feature] for member in members], axis=1))
            offset += len(tables[-1])
        self._scorecard = np.concatenate(scorecard.main)
        self._pairs: list[_Pair] = []
        self._row_pairs: list[tuple[int, int, list[int], list[int]]] = []
        for (f, g), grid in one.grids.items():
            cells = np.stack([member.pairs[f, g] for member in members], axis=2)
            cells[:, :, 0] *= 0.5
            rows = grid.rows * cells.shape[1] + offset
            self._pairs.append(_Pair(f, g, rows, grid.columns))
            self._row_pairs.append((f, g, (rows * _WIDTH).tolist(), (grid.columns * _WIDTH).tolist()))
            tables.append(cells.reshape(-1, _WIDTH))
            offset += len(tables[-1])
        self._cells = np.concatenate(tables)
        self._cell_view = memoryview(self._cells.reshape(-1).data)
        self._scorecard_view = memoryview(self._scorecard.data)

    def shifted(self, shift: float) -> "Engine":
        """The same tables, with `shift` added to the log-odds of the ensembles."""
        scorecard, lightgbm, *ensembles = self._constants
        moved = copy(self)
        moved.base = self.base + shift
        two, three = (constant + shift for constant in ensembles)
        moved._constants = (scorecard, lightgbm, two, three)
        return moved

    @cached_property
    def _binners(self) -> list[Binner]:
        return [Binner(edges) for edges in self.edges]

    def row(self, features: Sequence[float]) -> RowResult:
        """Evaluate one row of features, NaN where missing."""
        cells = self._cell_view
        scorecard, lightgbm, two, three = self._constants
        bins: list[int] = []
        contributions: list[float] = []
        for value, edges, missing, offset in zip(
            features, self._edge_lists, self._missing_bins, self._main_offsets, strict=True
        ):
            code = missing if isnan(value) else bisect_left(edges, value)
            bins.append(code)
            scorecard += self._scorecard_view[offset + code]
            at = (offset + code) * _WIDTH
            contributions.append(cells[at])
            two += cells[at + 1]
            three += cells[at + 2]
            lightgbm += cells[at + 3]
        if len(self._row_pairs) < MANY_PAIRS:
            for first, second, rows, columns in self._row_pairs:
                at = rows[bins[first]] + columns[bins[second]]
                half = cells[at]
                contributions[first] += half
                contributions[second] += half
                two += cells[at + 1]
                three += cells[at + 2]
                lightgbm += cells[at + 3]
        else:
            halves, sums = self._many_pairs(np.array(bins))
            contributions = [ours + half for ours, half in zip(contributions, halves, strict=True)]
            two, three, lightgbm = two + sums[1], three + sums[2], lightgbm + sums[3]
        one = self.base
        for contribution in contributions:
            one += contribution
        return RowResult(contributions, scorecard, lightgbm, (one, two, three))

    @cached_property
    def _pair_index(self) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.intp], NDArray[np.intp]]:
        """Features that meet in pairs (all firsts, then all seconds), the start of each one's places, the places."""
        features = np.array([pair.first for pair in self._pairs] + [pair.second for pair in self._pairs])
        places = [pair.rows for pair in self._pairs] + [pair.columns for pair in self._pairs]
        starts = np.cumsum([0, *(len(place) for place in places[:-1])])
        return features, starts, np.concatenate(places), np.tile(np.arange(len(self._pairs)), 2)

    def _many_pairs(self, bins: NDArray[np.intp]) -> tuple[list[float], list[float]]:
        features, starts, places, pairs = self._pair_index
        found = places[starts + bins[features]]
        count = len(self._pairs)
        picked = self._cells.take(found[:count] + found[count:], axis=0)
        halves: list[float] = np.bincount(features, picked[pairs, 0], len(self.edges)).tolist()
        sums: list[float] = picked.sum(axis=0).tolist()
        return halves, sums

    def block(self, features: Sequence[Vector]) -> BlockResult:
        """Evaluate n rows given as one array of shape (n,) per feature."""
        n = len(features[0])
        bins = [find(np.ascontiguousarray(values)) for values, find in zip(features, self._binners, strict=True)]
        scorecard = np.full(n, self._constants[0])
        total = np.empty((n, _WIDTH))
        total[:] = (0.0, self._constants[2], self._constants[3], self._constants[1])
        picked = np.empty((n, _WIDTH))
        contributions: list[Vector] = []
        for code, offset in zip(bins, self._main_offsets, strict=True):
            at = code + offset
            np.take(self._cells, at, axis=0, out=picked, mode="clip")
            scorecard += self._scorecard.take(at, mode="clip")
            contributions.append(picked[:, 0].copy())
            total += picked
        for pair in self._pairs:
            at = pair.rows.take(bins[pair.first], mode="clip")
            at += pair.columns.take(bins[pair.second], mode="clip")
            np.take(self._cells, at, axis=0, out=picked, mode="clip")
            contributions[pair.first] += picked[:, 0]
            contributions[pair.second] += picked[:, 0]
            total += picked
        one = np.full(n, self.base)
        for contribution in contributions:
            one += contribution
        return BlockResult(contributions, scorecard, total[:, 3], (one, total[:, 1], total[:, 2]))

    def main_effect(self, feature: int, values: Vector) -> Vector:
        """Log-odds that one feature alone adds to the 1-year ensemble, averaged over the others, shape (n,)."""
        places = self._binners[feature](values) + self._main_offsets[feature]
        effect: Vector = self._cells[places, 0]
        return effect
