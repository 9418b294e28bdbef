"""Evaluates a compiled model: for one row in plain Python, for a matrix in numpy blocks, with the same additions."""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from math import isnan

import numpy as np
from numpy.typing import NDArray

from accunode_scoring.additive import Additive, bin_of

Vector = NDArray[np.float64]

BLOCK_ROWS = 8192
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


class Engine:
    """Look-up tables of the scorecard, the LightGBM model and the ensembles of three horizons over shared bins.

    Each cell holds four log-odds: the contribution to the 1-year ensemble (half of it in a pair table, since either
    feature takes half), the 2- and 3-year ensembles, and the 1-year LightGBM model.
    """

    def __init__(self, scorecard: Additive, lightgbm: Additive, ensembles: tuple[Additive, Additive, Additive]) -> None:
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
        self._pairs: list[tuple[int, int, int, int]] = []
        for f, g in sorted({pair for member in members for pair in member.pairs}):
            shape = (len(one.edges[f]) + 2, len(one.edges[g]) + 2)
            cells = np.zeros((*shape, _WIDTH))
            for place, member in enumerate(members):
                if (f, g) in member.pairs:
                    cells[:, :, place] = member.pairs[f, g] * (0.5 if place == 0 else 1.0)
            self._pairs.append((f, g, offset, shape[1]))
            tables.append(cells.reshape(-1, _WIDTH))
            offset += len(tables[-1])
        self._cells = np.concatenate(tables)
        self._cell_view = memoryview(self._cells.reshape(-1).data)
        self._scorecard_view = memoryview(self._scorecard.data)

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
        for f, g, offset, stride in self._pairs:
            at = (offset + bins[f] * stride + bins[g]) * _WIDTH
            half = cells[at]
            contributions[f] += half
            contributions[g] += half
            two += cells[at + 1]
            three += cells[at + 2]
            lightgbm += cells[at + 3]
        one = self.base
        for contribution in contributions:
            one += contribution
        return RowResult(contributions, scorecard, lightgbm, (one, two, three))

    def block(self, features: Sequence[Vector]) -> BlockResult:
        """Evaluate n rows given as one array of shape (n,) per feature."""
        n = len(features[0])
        bins = [bin_of(values, edges) for values, edges in zip(features, self.edges, strict=True)]
        scorecard, lightgbm, two, three = (np.full(n, constant) for constant in self._constants)
        picked = np.empty((n, _WIDTH))
        contributions: list[Vector] = []
        for code, offset in zip(bins, self._main_offsets, strict=True):
            at = code + offset
            np.take(self._cells, at, axis=0, out=picked, mode="clip")
            scorecard += self._scorecard[at]
            contributions.append(picked[:, 0].copy())
            two += picked[:, 1]
            three += picked[:, 2]
            lightgbm += picked[:, 3]
        for f, g, offset, stride in self._pairs:
            at = bins[f] * stride
            at += bins[g]
            at += offset
            np.take(self._cells, at, axis=0, out=picked, mode="clip")
            contributions[f] += picked[:, 0]
            contributions[g] += picked[:, 0]
            two += picked[:, 1]
            three += picked[:, 2]
            lightgbm += picked[:, 3]
        one = np.full(n, self.base)
        for contribution in contributions:
            one += contribution
        return BlockResult(contributions, scorecard, lightgbm, (one, two, three))
