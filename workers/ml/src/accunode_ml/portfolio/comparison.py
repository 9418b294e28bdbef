"""Compares a portfolio with the same under a scenario: distributions, moves between grades, largest changes."""

import heapq
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from accunode_credit.columns import input_matrix
from accunode_ml.leased.model import JobModel, can_score
from accunode_ml.portfolio.distribution import ScoreDistribution, Scores
from accunode_ml.portfolio.scenario import Scenario

MOST_MOVERS = 20
"""How many companies a result names, those whose probability of default changes most."""


class Comparison:
    """Grows block by block. Both scores are of one model version on one scale: only the scenario makes a difference."""

    def __init__(self, model: JobModel, scenario: Scenario) -> None:
        self._model = model
        self._scenario = scenario
        self._before, self._after = ScoreDistribution(), ScoreDistribution()
        self._transitions: Counter[tuple[str, str]] = Counter()
        self._movers: list[dict[str, Any]] = []

    def add(self, companies: Sequence[Mapping[Any, Any]]) -> int:
        """Score those that the scenario includes and that can be scored both ways; returns how many."""
        included = [company for company in companies if self._scenario.includes(company)]
        if not included:
            return 0
        scorer, scale = self._model.scorer, self._model.scale
        matrix = input_matrix(included, scorer.columns)
        shocked = self._scenario.apply(matrix, scorer)
        fit = can_score(scorer, matrix) & can_score(scorer, shocked)
        before = Scores.computed(scorer.score_matrix(matrix[fit], scale=scale))
        after = Scores.computed(scorer.score_matrix(shocked[fit], scale=scale))
        self._before.add(before)
        self._after.add(after)
        self._transitions.update(zip(before.grades, after.grades, strict=True))
        scored = [company for company, is_fit in zip(included, fit, strict=True) if is_fit]
        movers = [_mover(company, row, before, after) for row, company in enumerate(scored)]
        self._movers = heapq.nlargest(MOST_MOVERS, [*self._movers, *movers], key=lambda mover: abs(mover["pd_change"]))
        return len(scored)

    def result(self) -> dict[str, Any]:
        """What the job's result says of it."""
        names = self._model.scale.names
        rank = {name: number for number, name in enumerate(names)}
        moves = {
            "upgraded": sum(n for (a, b), n in self._transitions.items() if rank[b] < rank[a]),
            "unchanged": sum(n for (a, b), n in self._transitions.items() if a == b),
            "downgraded": sum(n for (a, b), n in self._transitions.items() if rank[b] > rank[a]),
        }
        return {
            "kind": self._model.scorer.kind,
            "model_version": self._model.scorer.version,
            "before": self._before.as_dict(names),
            "after": self._after.as_dict(names),
            **moves,
            "transitions": [
                {"from": a, "to": b, "count": n}
                for (a, b), n in sorted(
                    self._transitions.items(), key=lambda item: (rank[item[0][0]], rank[item[0][1]])
                )
            ],
            "movers": [mover for mover in self._movers if mover["pd_change"]],
        }


def _mover(company: Mapping[Any, Any], row: int, before: Scores, after: Scores) -> dict[str, Any]:
    return {
        "company_id": str(company["company_id"]),
        "name": company["name"],
        "symbol": company["symbol"],
        "prediction_id": str(company["id"]),
        "fiscal_year": company["fiscal_year"],
        "fiscal_quarter": company["fiscal_quarter"],
        "pd_before": float(before.pd[row]),
        "pd_after": float(after.pd[row]),
        "pd_change": float(after.pd[row] - before.pd[row]),
        "grade_before": before.grades[row],
        "grade_after": after.grades[row],
    }
