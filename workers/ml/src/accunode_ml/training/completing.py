"""Learns what a missing input is read as: the mildest value that nearly all companies alike are no worse than."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from accunode_scoring.completion import Assumption, Completion
from accunode_scoring.features import FeatureSet
from accunode_scoring.kinds import RISK_LEVEL_BOUNDS

Vector = NDArray[np.float64]
LogOdds = Callable[[Sequence[Vector]], Vector]

ALIKE = 12
"""Into so many groups companies are parted by what their other inputs say."""

NO_WORSE = 0.985
"""The share of companies alike that the assumed value is at least as bad for as their own."""

_TAIL = (0.0, 0.001, 0.0025, 0.005, 0.01, 0.015, 0.02, 0.03, 0.05, 0.075, *np.linspace(0.1, 0.5, 9).tolist())
_SHARES = np.unique(np.concatenate([_TAIL, 1.0 - np.array(_TAIL)]))
_NOT_LOW = float(np.log(RISK_LEVEL_BOUNDS[0] / (1.0 - RISK_LEVEL_BOUNDS[0])))

_MARGIN = 0.1
"""In log-odds, for companies with other gaps: what is learned is learned from those without."""


def learn(feature_set: FeatureSet, inputs: Vector, log_odds: LogOdds) -> dict[str, Any]:
    """The `completion` of a model document.

    Args:
        feature_set: Of the model.
        inputs: The reference population, shape (n, columns).
        log_odds: Those of rows without gaps, given by their columns.
    """
    # Of those that give it, as ranks are.
    typical = [float(f"{np.nanmedian(values):.5g}") for values in inputs.T]
    completion = Completion(tuple(typical), tuple(Assumption((), (value,)) for value in typical))
    learned: set[int] = set()
    document: dict[str, Any] = {}
    gaps = [int(np.isnan(values).sum()) for values in _settled(feature_set, inputs)]
    # First what is missing most, so that who lacks it counts for the others; last what others are lost with.
    order = sorted(range(len(gaps)), key=lambda place: (len(_lost_with(feature_set, inputs, place)), -gaps[place]))
    for place in order:
        name = feature_set.columns[place]
        if _direction(feature_set, name) is None:
            # It has to be given: what is bad for one company is good for another.
            document[name] = {"typical": typical[place], "log_odds": [], "values": [typical[place]]}
            continue
        columns, alike, before = _without(feature_set, inputs, place, completion, learned, log_odds)
        given = inputs[~np.isnan(inputs[:, place]), place]
        candidates = _candidates(feature_set, columns, place, given, typical[place])
        after = np.stack([log_odds(_with(columns, place, value)) for value in candidates])
        edges = np.unique(np.quantile(alike, np.linspace(0, 1, ALIKE + 1)[1:-1]))
        group = np.searchsorted(edges, alike, side="right")
        mildest = [_mildest(before[group == g], after[:, group == g]) for g in range(len(edges) + 1)]
        chosen = candidates[np.maximum.accumulate(mildest)].tolist()
        assumption = Assumption(tuple(float(f"{edge:.6g}") for edge in edges), tuple(chosen))
        assumptions = list(completion.assumptions)
        assumptions[place] = assumption
        completion = replace(completion, assumptions=tuple(assumptions))
        learned.add(place)
        document[name] = {
            "typical": typical[place],
            "log_odds": list(assumption.log_odds),
            "values": list(assumption.values),
        }
    return document


def _left_out(inputs: Vector, place: int) -> Vector:
    without = inputs.copy()
    without[:, place] = np.nan
    return without


def _settled(feature_set: FeatureSet, inputs: Vector) -> list[Vector]:
    return [np.asarray(values) for values in feature_set.settled(list(np.ascontiguousarray(inputs.T)))]


def _lost_with(feature_set: FeatureSet, inputs: Vector, place: int) -> set[int]:
    """The inputs that are known only as long as this one is."""
    with_it, without = _settled(feature_set, inputs), _settled(feature_set, _left_out(inputs, place))
    return {
        at
        for at, (known, left) in enumerate(zip(with_it, without, strict=True))
        if at != place and (np.isnan(left) & ~np.isnan(known)).any()
    }


def _without(
    feature_set: FeatureSet,
    inputs: Vector,
    place: int,
    completion: Completion,
    learned: set[int],
    log_odds: LogOdds,
) -> tuple[list[Vector], Vector, Vector]:
    """Companies that leave one input out: their columns without gaps but for that one, where the typical value stands,
    with their log-odds so and as they are before. Those with a gap that nothing is learned for yet stay out."""
    whole, rest = _settled(feature_set, inputs), _settled(feature_set, _left_out(inputs, place))
    usable = np.isnan(rest[place]) & ~np.isnan(inputs[:, place])
    for at in set(range(len(rest))) - learned - {place}:
        usable &= ~np.isnan(whole[at]) & ~np.isnan(rest[at])
    before, _, _ = completion.matrix([values[usable] for values in whole], log_odds)
    columns, _, alike = completion.matrix([values[usable] for values in rest], log_odds)
    return list(columns), alike, log_odds(before)


def _with(columns: Sequence[Vector], place: int, value: float) -> list[Vector]:
    return [np.full_like(values, value) if at == place else values for at, values in enumerate(columns)]


def _direction(feature_set: FeatureSet, name: str) -> int | None:
    """The place of the one feature that risk rises or falls with as this input moves; None where there is none."""
    of_input = [place for place, feature in enumerate(feature_set.features) if name in feature.parents]
    directed = all(feature_set.features[place].monotone for place in of_input)
    return of_input[0] if directed and len(of_input) == 1 else None


def _candidates(
    feature_set: FeatureSet, columns: Sequence[Vector], place: int, given: Vector, typical: float
) -> Vector:
    """Values of the population in the input's direction, from the typical one to the worst."""
    shown = np.array([float(f"{value:.5g}") for value in np.quantile(given, _SHARES)])
    candidates = np.unique(np.concatenate([shown, [given.min(), given.max(), typical]]))
    directed = _direction(feature_set, feature_set.columns[place])
    assert directed is not None
    rows = [np.full(len(candidates), values[0]) for values in columns]
    rows[place] = candidates
    badness = feature_set.features[directed].monotone * feature_set.of_matrix(rows)[directed]
    order = np.argsort(badness, kind="stable")
    worse = badness[order] >= badness[np.flatnonzero(candidates == typical)[0]]
    return np.asarray(candidates[order][worse])


def _mildest(before: Vector, after: Vector) -> int:
    """The first candidate that is bad enough for these rows."""
    if not len(before):
        return 0
    for place, moved in enumerate(after):
        spared = np.any((before >= _NOT_LOW) & (moved < _NOT_LOW + _MARGIN))
        if not spared and np.mean(moved >= before) >= NO_WORSE:
            return place
    return len(after) - 1


def silence(feature_set: FeatureSet, score: Callable[[Vector], Vector], inputs: Vector) -> dict[str, dict[str, float]]:
    """What leaving each input out does to the companies of a matrix that may leave it out: who gains by it.

    `better` is the share whose probability falls, and `to_low` the share that is LOW only without the input.
    """
    before = score(inputs)
    bound = RISK_LEVEL_BOUNDS[0]
    found: dict[str, dict[str, float]] = {}
    for place, name in enumerate(feature_set.columns):
        without = _left_out(inputs, place)
        rows = ~np.isnan(inputs[:, place]) & ~feature_set.least.lacking(without, feature_set.columns)
        if rows.any():
            after = score(without[rows])
            found[name] = {
                "companies": int(rows.sum()),
                "better": round(float((after < before[rows] * (1.0 - 1e-9)).mean()), 5),
                "to_low": round(float(((before[rows] >= bound) & (after < bound)).mean()), 5),
            }
    return found
