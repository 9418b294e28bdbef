"""Reads LightGBM's text model and cuts its trees into boxes over at most two features each.

A tree whose every path tests at most two features is a sum of boxes: intervals of one or two features with the leaf's
value. Only numerical splits are known (`x <= threshold`, missing values by the node's default direction).
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

_CATEGORICAL, _DEFAULT_LEFT, _MISSING_SHIFT, _MISSING_NAN = 1, 2, 2, 2

_FIELDS = frozenset(
    ("num_cat", "is_linear", "leaf_value", "split_feature", "threshold", "decision_type", "left_child", "right_child")
)


class ModelTextError(ValueError):
    """The text isn't a model that additive tables can hold."""


class Interval(NamedTuple):
    """Values of one feature: low < x <= high, and whether a missing value belongs to it."""

    low: float = -math.inf
    high: float = math.inf
    missing: bool = True


class Box(NamedTuple):
    """A leaf: its value in log-odds and an interval per feature index that its path tests."""

    value: float
    intervals: tuple[tuple[int, Interval], ...]


@dataclass(frozen=True, slots=True)
class BoosterText:
    """A parsed model: feature names and boxes in tree order."""

    feature_names: tuple[str, ...]
    boxes: tuple[Box, ...]
    trees: int


def parse(text: str) -> BoosterText:
    """Parse a model saved by `Booster.save_model`. Raises ModelTextError for what additive tables can't hold."""
    head, *trees = text.split("\nTree=")
    names = next((line[14:].split() for line in head.splitlines() if line.startswith("feature_names=")), None)
    if names is None or "sigmoid:1" not in head or "\naverage_output" in head:
        raise ModelTextError("expected a LightGBM binary model with sigmoid 1")
    boxes: list[Box] = []
    for tree in trees:
        boxes.extend(_tree_boxes(tree))
    return BoosterText(tuple(names), tuple(boxes), len(trees))


def _tree_boxes(text: str) -> Iterator[Box]:
    fields: dict[str, str] = {}
    for line in text.split("\n\n", 1)[0].split("\n"):
        name, _, value = line.partition("=")
        if name in _FIELDS:
            fields[name] = value
    if fields.get("num_cat") != "0" or fields.get("is_linear", "0") != "0":
        raise ModelTextError("categorical splits and linear leaves are not supported")
    values = [float(value) for value in fields["leaf_value"].split()]
    if len(values) == 1:
        yield Box(values[0], ())
        return
    features = [int(v) for v in fields["split_feature"].split()]
    thresholds = [float(v) for v in fields["threshold"].split()]
    decisions = [int(v) for v in fields["decision_type"].split()]
    left = [int(v) for v in fields["left_child"].split()]
    right = [int(v) for v in fields["right_child"].split()]
    stack: list[tuple[int, dict[int, Interval]]] = [(0, {})]
    while stack:
        node, path = stack.pop()
        if node < 0:
            yield Box(values[~node], tuple(sorted(path.items())))
            continue
        feature, threshold, decision = features[node], thresholds[node], decisions[node]
        if decision & _CATEGORICAL:
            raise ModelTextError("categorical splits are not supported")
        if decision >> _MISSING_SHIFT == _MISSING_NAN:
            missing_left = bool(decision & _DEFAULT_LEFT)
        else:
            missing_left = threshold >= 0.0
        old = path.get(feature, Interval())
        below = Interval(old.low, min(old.high, threshold), old.missing and missing_left)
        above = Interval(max(old.low, threshold), old.high, old.missing and not missing_left)
        if len(path) >= 2 and feature not in path:
            raise ModelTextError("a path tests more than two features")
        stack.append((right[node], {**path, feature: above}))
        stack.append((left[node], {**path, feature: below}))
