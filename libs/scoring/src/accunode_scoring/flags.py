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
        self._groups = feature_set.groups()
        self._rules = tuple(rules)
        self._references = tuple(references)
        labels = {ratio.name: ratio.label for ratio in RATIOS[feature_set.kind]}
        self._missing = tuple(
            Flag("missing", name, f"{labels.get(name, name.capitalize())} is not given") for name, _ in self._groups
        )
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
        self.vocabulary: tuple[str, ...] = (
            *map(str, self._missing),
            *map(str, self._outside),
            *(str(flag) for flags in self._degenerate for flag in list(flags.values())[:1]),
        )
        if len(self.vocabulary) > _MOST_FLAGS:
            raise ValueError(f"{len(self.vocabulary)} flags don't fit into {_MOST_FLAGS} bits")

    def of_row(self, row: Sequence[float], explained: Sequence[float], states: Sequence[int]) -> tuple[Flag, ...]:
        """Flags of one row in the order of the vocabulary."""
        flags = [
            flag
            for flag, (_, places) in zip(self._missing, self._groups, strict=True)
            if all(isnan(row[place]) for place in places)
        ]
        flags += [
            flag
            for value, reference, flag in zip(explained, self._references, self._outside, strict=True)
            if value < reference.low or value > reference.high
        ]
        flags += [flags[state] for state, flags in zip(states, self._degenerate, strict=True) if state in flags]
        return tuple(flags)

    def of_matrix(
        self, columns: Sequence[Vector], explained: Sequence[Vector], states: Sequence[NDArray[np.uint8]]
    ) -> NDArray[np.uint64]:
        """Bits of n rows: bit i stands for `vocabulary[i]`."""
        bits = np.zeros(len(columns[0]), np.uint64)
        place = 0
        for _, members in self._groups:
            absent = np.isnan(columns[members[0]])
            for member in members[1:]:
                absent &= np.isnan(columns[member])
            _set(bits, absent, place)
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
        return bits


def _set(bits: NDArray[np.uint64], where: NDArray[np.bool_], place: int) -> None:
    np.bitwise_or(bits, np.uint64(1 << place), out=bits, where=where)
