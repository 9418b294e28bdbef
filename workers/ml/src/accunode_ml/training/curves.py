"""What a model card's plots show of rows that no model had seen: few numbers, kept where the rows are not."""

from collections.abc import Mapping
from typing import TypedDict

import numpy as np

from accunode_ml.training.evaluation import Predicted

_ROC_POINTS = 200
Point = tuple[float, float]


class Curves(TypedDict):
    """Of one horizon.

    Keys:
        roc: Share of survivors flagged and share of defaults caught, from the riskiest row on.
        deciles: Mean probability and observed rate by tenths of the score.
        twentieths: The same by twentieths.
    """

    roc: list[Point]
    deciles: list[Point]
    twentieths: list[Point]


def curves(predicted: Mapping[int, Predicted]) -> dict[str, Curves]:
    """The curves of each horizon, named as in `metrics.json`: `1y`, `2y`, `3y`."""
    return {
        f"{horizon}y": {"roc": _roc(p), "deciles": _grouped(p, 10), "twentieths": _grouped(p, 20)}
        for horizon, p in predicted.items()
    }


def _roc(p: Predicted) -> list[Point]:
    order = np.argsort(-p.ensemble, kind="stable")
    caught = np.cumsum(p.label[order]) / p.label.sum()
    flagged = np.cumsum(1 - p.label[order]) / (1 - p.label).sum()
    keep = np.unique(np.linspace(0, len(caught) - 1, _ROC_POINTS).astype(int))
    return [(round(float(flagged[place]), 5), round(float(caught[place]), 5)) for place in keep]


def _grouped(p: Predicted, groups: int) -> list[Point]:
    parts = np.array_split(np.argsort(p.ensemble, kind="stable"), groups)
    return [(float(f"{p.ensemble[part].mean():.5g}"), float(f"{p.label[part].mean():.5g}")) for part in parts]
