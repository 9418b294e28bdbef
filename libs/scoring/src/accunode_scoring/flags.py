"""Flags of a row and, as bits, of a matrix: missing, out of range, degenerate."""

from collections.abc import Sequence
from math import isnan

import numpy as np
from numpy.typing import NDArray

from accunode_scoring.features import FeatureSet
from accunode_scoring.model_file import Reference
from accunode_scoring.ratios import RATIOS
from accunode_scoring.score import Flag
from accunode_scoring.states import StateRule

Vector = NDArray[np.float64]

_MOST_FLAGS = 64


class Flagger:
    """Flags for one feature set against its reference population."""

    def __init__(self, feature_set: FeatureSet, rules: Sequence[StateRule], references: Sequence[Reference]) -> None:
        self._magnitudes = tuple(feature_set.columns.index(name) for name in feature_set.magnitudes)
        self._rules = tuple(rules)
        self._references = tuple(references)
        labels = {ratio.name: ratio.label for ratio in RATIOS[feature_set.kind]}
        self._missing = tuple(Flag("missing", name, f"{labels[name]} is not given") for name in feature_set.columns)
        self._outside = tuple(
            Flag(
                "out_of_range",
                ratio.name,
                f"{ratio.label} lies outside {reference.low:g} to {reference.high:g}, where 99.8 % of companies are",
            )
            for ratio, reference in zip(feature_set.explained, references, strict=True)
        )
        self._degenerate = tuple(
            {
                place: Flag("degenerate", ratio.name, f"{ratio.label} {state.words}")
                for place, state in enumerate(rule.states)
                if state.degenerate
            }
            for ratio, rule in zip(feature_set.explained, rules, strict=True)
        )
        self._negative = tuple(
            Flag("degenerate", name, f"{labels[name]} is negative, which it cannot be; its magnitude counts")
            for name in feature_set.magnitudes
        )
        self.vocabulary: tuple[str, ...] = (
            *map(str, self._missing),
            *map(str, self._outside),
            *(str(flag) for flags in self._degenerate for flag in list(flags.values())[:1]),
            *map(str, self._negative),
        )
        if len(self.vocabulary) > _MOST_FLAGS:
            raise ValueError(f"{len(self.vocabulary)} flags don't fit into {_MOST_FLAGS} bits")

    def of_row(self, row: Sequence[float], explained: Sequence[float], states: Sequence[int]) -> tuple[Flag, ...]:
        """Flags of one row in the order of the vocabulary."""
        flags = [flag for value, flag in zip(row, self._missing, strict=True) if isnan(value)]
        flags += [
            flag
            for value, reference, flag in zip(explained, self._references, self._outside, strict=True)
            if value < reference.low or value > reference.high
        ]
        flags += [flags[state] for state, flags in zip(states, self._degenerate, strict=True) if state in flags]
        flags += [flag for place, flag in zip(self._magnitudes, self._negative, strict=True) if row[place] < 0.0]
        return tuple(flags)

    def of_matrix(
        self, columns: Sequence[Vector], explained: Sequence[Vector], states: Sequence[NDArray[np.uint8]]
    ) -> NDArray[np.uint64]:
        """Bits of n rows: bit i stands for `vocabulary[i]`."""
        bits = np.zeros(len(columns[0]), np.uint64)
        place = 0
        for column in columns:
            _set(bits, np.isnan(column), place)
            place += 1
        for values, reference in zip(explained, self._references, strict=True):
            outside = values < reference.low
            outside |= values > reference.high
            _set(bits, outside, place)
            place += 1
        for state, rule in zip(states, self._rules, strict=True):
            table = np.array([s.degenerate for s in rule.states])
            if table.any():
                _set(bits, table[state], place)
                place += 1
        for magnitude in self._magnitudes:
            _set(bits, columns[magnitude] < 0.0, place)
            place += 1
        return bits


def _set(bits: NDArray[np.uint64], where: NDArray[np.bool_], place: int) -> None:
    np.bitwise_or(bits, np.uint64(1 << place), out=bits, where=where)
