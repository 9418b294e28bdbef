"""Builds a drift report from blocks of a population: stability by column and by month, input quality, back-test.

Each row is held against the population of the model that scores it: a version has one, or two for statements.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

import numpy as np
from numpy.typing import NDArray

from accunode_ml.monitoring.observed import one_year_outcomes
from accunode_ml.monitoring.population import Block, Defaults
from accunode_ml.monitoring.variants import Variant, split
from accunode_scoring import MasterScale, Scorer
from accunode_scoring.monitoring import (
    ACT_THRESHOLD,
    CHANCE,
    FEWEST_ROWS,
    WATCH_THRESHOLD,
    Drift,
    back_test,
    drift_report,
    worst,
)

SCORE = "pd"
_IN_A_MONTH = ("column", "psi", "p_value", "missing_share", "out_of_range_share")

Vector = NDArray[np.float64]
Found = list[tuple[str, Drift]]


@dataclass(frozen=True, slots=True)
class _Part:
    """The rows of a block that one variant scores: their columns with the score, and when each was scored."""

    variant: Variant
    columns: dict[str, Vector]
    months: NDArray[np.str_]

    def within(self, month: str) -> "_Part":
        inside = self.months == month
        columns = {name: values[inside] for name, values in self.columns.items()}
        return _Part(self.variant, columns, self.months[inside])


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
        self._pd: list[Vector] = []
        self._parts: list[_Part] = []

    def add(self, block: Block) -> None:
        """Take in a block; its scores are this version's, whichever version scored it when it was stored."""
        if not len(block.inputs):
            return
        pd, months = self._scorer.score_matrix(block.inputs).pd, np.array(block.months)
        self._blocks.append(block)
        self._pd.append(pd)
        for variant, inside in split(self._scorer, block.inputs):
            columns = variant.columns(block.inputs[inside])
            self._parts.append(_Part(variant, {**columns, SCORE: pd[inside]}, months[inside]))

    @property
    def rows(self) -> int:
        """How many predictions there are so far."""
        return sum(len(block.inputs) for block in self._blocks)

    def result(self, defaults: Defaults, today: date) -> dict[str, Any]:
        """The report as it is stored; without rows it holds the thresholds only."""
        said: dict[str, Any] = {
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
            "back_test": None,
        }
        if not self._blocks:
            return said
        parts = _joined(self._parts)
        found = _held_against_reference(parts)
        said["stability"] = worst(column for _, column in found)
        said["variants"] = [{"variant": part.variant.name, "rows": len(part.months)} for part in parts]
        said["columns"] = [{"variant": name, **asdict(column)} for name, column in found]
        said["months"] = [
            _month(month, parts) for month in sorted({month for block in self._blocks for month in block.months})
        ]
        said["back_test"] = self._back_test(np.concatenate(self._pd), defaults, today)
        return said

    def _back_test(self, pd: Vector, defaults: Defaults, today: date) -> dict[str, Any] | None:
        if not defaults:
            return None
        companies = [company for block in self._blocks for company in block.companies]
        periods = [period for block in self._blocks for period in block.periods]
        places, outcomes = one_year_outcomes(companies, periods, defaults, today)
        if not len(places):
            return None
        years = np.array([periods[place][0] for place in places])
        tested = pd[places]
        return {
            **asdict(back_test(tested, outcomes, self._scale)),
            "years": [
                {
                    "fiscal_year": int(year),
                    "companies": int((years == year).sum()),
                    "defaults": int(outcomes[years == year].sum()),
                    "mean_pd": float(tested[years == year].mean()),
                    "observed_rate": float(outcomes[years == year].mean()),
                }
                for year in sorted(set(years.tolist()))
            ],
        }


def _joined(parts: Sequence[_Part]) -> list[_Part]:
    """The parts of all blocks together, one for each variant, also where it has no rows."""
    by_variant: dict[str, list[_Part]] = {}
    for part in parts:
        by_variant.setdefault(part.variant.name, []).append(part)
    return [
        _Part(
            same[0].variant,
            {name: np.concatenate([part.columns[name] for part in same]) for name in same[0].columns},
            np.concatenate([part.months for part in same]),
        )
        for same in by_variant.values()
    ]


def _held_against_reference(parts: Sequence[_Part]) -> Found:
    return [
        (part.variant.name, column)
        for part in parts
        if len(part.months)
        for column in drift_report(part.columns, part.variant.reference)
    ]


def _month(month: str, parts: Sequence[_Part]) -> dict[str, Any]:
    inside = [part.within(month) for part in parts]
    found = _held_against_reference(inside)
    return {
        "month": month,
        "rows": sum(len(part.months) for part in inside),
        "stability": worst(column for _, column in found),
        "columns": [{"variant": name, **{key: getattr(column, key) for key in _IN_A_MONTH}} for name, column in found],
    }
