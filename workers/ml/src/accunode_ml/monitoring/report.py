"""Builds a drift report from blocks of a population: stability by column and by month, input quality, back-test.

Each row is held against the population of the model that scores it: a version has one, or two for statements.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

import numpy as np
from numpy.typing import NDArray

from accunode_ml.monitoring.back_test import back_tested
from accunode_ml.monitoring.population import Block
from accunode_ml.monitoring.variants import Variant, split
from accunode_ml.repositories.given_scores import GivenScores
from accunode_ml.repositories.outcomes import Defaults
from accunode_scoring import MasterScale, Scorer
from accunode_scoring.monitoring import (
    ACT_THRESHOLD,
    CHANCE,
    FEWEST_ROWS,
    WATCH_THRESHOLD,
    Drift,
    drift_report,
    worst,
)

SCORE = "pd"
_IN_A_MONTH = ("column", "psi", "p_value", "missing_share", "out_of_range_share")

Vector = NDArray[np.float64]
Found = list[tuple[str, Drift]]


@dataclass(frozen=True, slots=True)
class _VariantRows:
    """The rows of a block that one variant scores: their columns with the score, and when each was scored."""

    variant: Variant
    columns: dict[str, Vector]
    months: NDArray[np.str_]

    def within(self, month: str) -> "_VariantRows":
        inside = self.months == month
        columns = {name: values[inside] for name, values in self.columns.items()}
        return _VariantRows(self.variant, columns, self.months[inside])


class PopulationReport:
    """Gathers a population block by block, and says what became of it.

    Args:
        scorer: The model version whose training population is the reference.
        scale: The tenant's master scale.
    """

    def __init__(self, scorer: Scorer, scale: MasterScale) -> None:
        self._scorer = scorer
        self._scale = scale
        self._blocks: list[Block] = []
        self._variants: list[_VariantRows] = []

    def add(self, block: Block) -> None:
        """Take in a block; its scores are this version's, whichever version scored it when it was stored."""
        if not len(block.inputs):
            return
        pd, months = self._scorer.score_matrix(block.inputs).pd, np.array(block.months)
        self._blocks.append(block)
        for variant, inside in split(self._scorer, block.inputs):
            columns = variant.columns(block.inputs[inside])
            self._variants.append(_VariantRows(variant, {**columns, SCORE: pd[inside]}, months[inside]))

    @property
    def rows(self) -> int:
        """How many predictions there are so far."""
        return sum(len(block.inputs) for block in self._blocks)

    def result(self, given: Sequence[GivenScores], defaults: Defaults, today: date) -> dict[str, Any]:
        """The report as it is stored; without rows it holds the thresholds, and the back-test of what is deleted."""
        result: dict[str, Any] = {
            "rows": self.rows,
            "thresholds": {
                "watch": WATCH_THRESHOLD,
                "act": ACT_THRESHOLD,
                "fewest_rows": FEWEST_ROWS,
                "chance": CHANCE,
            },
            "stability": None,
            "variants": [],
            "columns": [],
            "months": [],
            "back_test": back_tested(given, defaults, self._scale, today),
        }
        if not self._blocks:
            return result
        variants = _joined(self._variants)
        found = _drift(variants)
        result["stability"] = worst(column for _, column in found)
        result["variants"] = [{"variant": rows.variant.name, "rows": len(rows.months)} for rows in variants]
        result["columns"] = [{"variant": name, **asdict(column)} for name, column in found]
        result["months"] = [
            _month(month, variants) for month in sorted({month for block in self._blocks for month in block.months})
        ]
        return result


def _joined(variants: Sequence[_VariantRows]) -> list[_VariantRows]:
    """The rows of all blocks together, one for each variant, also where it has no rows."""
    by_variant: dict[str, list[_VariantRows]] = {}
    for rows in variants:
        by_variant.setdefault(rows.variant.name, []).append(rows)
    return [
        _VariantRows(
            same[0].variant,
            {name: np.concatenate([rows.columns[name] for rows in same]) for name in same[0].columns},
            np.concatenate([rows.months for rows in same]),
        )
        for same in by_variant.values()
    ]


def _drift(variants: Sequence[_VariantRows]) -> Found:
    return [
        (rows.variant.name, column)
        for rows in variants
        if len(rows.months)
        for column in drift_report(rows.columns, rows.variant.reference)
    ]


def _month(month: str, variants: Sequence[_VariantRows]) -> dict[str, Any]:
    inside = [rows.within(month) for rows in variants]
    found = _drift(inside)
    return {
        "month": month,
        "rows": sum(len(rows.months) for rows in inside),
        "stability": worst(column for _, column in found),
        "columns": [{"variant": name, **{key: getattr(column, key) for key in _IN_A_MONTH}} for name, column in found],
    }
