"""Builds a drift report from blocks of a population: stability by column and by month, input quality, back-test."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import date
from typing import Any

import numpy as np
from numpy.typing import NDArray

from accunode_ml.monitoring.observed import one_year_outcomes
from accunode_ml.monitoring.population import Block, Defaults
from accunode_scoring import MasterScale, Scorer
from accunode_scoring.monitoring import ACT_THRESHOLD, WATCH_THRESHOLD, Drift, back_test, drift_report, stability

SCORE = "pd"

Vector = NDArray[np.float64]


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
        self._columns: list[dict[str, Vector]] = []

    def add(self, block: Block) -> None:
        """Take in a block; its scores are this version's, whichever version scored it when it was stored."""
        if not len(block.inputs):
            return
        features = self._scorer.model.feature_set
        inputs = list(np.ascontiguousarray(block.inputs.T))
        explained = features.of_matrix(inputs) if features.explains_features else inputs
        columns = dict(zip(self._scorer.explained, explained, strict=True))
        columns[SCORE] = self._scorer.score_matrix(block.inputs).pd
        self._blocks.append(block)
        self._columns.append(columns)

    @property
    def rows(self) -> int:
        """How many predictions there are so far."""
        return sum(len(block.inputs) for block in self._blocks)

    def result(self, defaults: Defaults, today: date) -> dict[str, Any]:
        """The report as it is stored; without rows it holds the thresholds only."""
        said: dict[str, Any] = {
            "rows": self.rows,
            "thresholds": {"watch": WATCH_THRESHOLD, "act": ACT_THRESHOLD},
            "stability": None,
            "columns": [],
            "months": [],
            "back_test": None,
        }
        if not self._blocks:
            return said
        columns = {name: np.concatenate([part[name] for part in self._columns]) for name in self._columns[0]}
        found = drift_report(columns, self._scorer.model.reference)
        said["stability"] = _worst(found)
        said["columns"] = [asdict(column) for column in found]
        said["months"] = self._months(columns)
        said["back_test"] = self._back_test(columns[SCORE], defaults, today)
        return said

    def _months(self, columns: dict[str, Vector]) -> list[dict[str, Any]]:
        months = np.array([month for block in self._blocks for month in block.months])
        return [_month(str(month), columns, months == month, self._scorer) for month in sorted(set(months.tolist()))]

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


def _month(month: str, columns: dict[str, Vector], inside: NDArray[np.bool_], scorer: Scorer) -> dict[str, Any]:
    found = drift_report({name: values[inside] for name, values in columns.items()}, scorer.model.reference)
    return {
        "month": month,
        "rows": int(inside.sum()),
        "stability": _worst(found),
        "columns": [
            {name: getattr(column, name) for name in ("column", "psi", "missing_share", "out_of_range_share")}
            for column in found
        ],
    }


def _worst(found: Sequence[Drift]) -> str:
    return stability(max(column.psi for column in found))
