"""`portfolio.stress`: score the submitter's portfolio as it is and under a scenario, and store the comparison.

Each company counts once, by its newest prediction of the kind. Both scores come from the same model version on the
same master scale, so that nothing but the scenario makes the difference. Nothing but the job's result is stored.
"""

import heapq
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import text
from sqlalchemy.orm import Session

from accunode_common.ids import PLATFORM_TENANT_ID
from accunode_common.models.columns import AccessLevel
from accunode_common.tasks.messages import StressPortfolio
from accunode_credit.columns import input_matrix
from accunode_credit.models.bulk import Job
from accunode_ml.inputs import input_columns, newest_first
from accunode_ml.leased.job import LeasedJob
from accunode_ml.portfolio.models import JobModel, model_of
from accunode_ml.portfolio.scenario import Scenario
from accunode_ml.portfolio.tally import Tally
from accunode_ml.runtime import Runtime
from accunode_scoring import Kind, ScoreMatrix

MOST_MOVERS = 20
_START = UUID(int=0)

_PORTFOLIO = """
    credit.predictions p
    where p.tenant_id = :tenant_id and p.kind = :kind and p.access_level = any(cast(:levels as text[]))
      and (cast(:fiscal_year as int) is null or p.fiscal_year = :fiscal_year)
"""
_COUNT = text(f"select count(distinct p.company_id) from {_PORTFOLIO}")  # noqa: S608
_NEXT = {
    kind: text(f"""
        select p.*, c.name, c.symbol, c.sector
        from (
            select distinct on (p.company_id) p.tenant_id, p.company_id, p.id, p.fiscal_year, p.fiscal_quarter, p.grade,
                p.risk_level, {input_columns(kind)}
            from {_PORTFOLIO} and p.company_id > :after
            order by p.company_id, {newest_first()} limit :size
        ) p join credit.companies c on c.tenant_id = p.tenant_id and c.id = p.company_id
        order by p.company_id
    """)  # noqa: S608
    for kind in Kind
}


def stress_portfolio(runtime: Runtime, message: StressPortfolio) -> None:
    """Do a stress job. A second run begins afresh."""
    LeasedJob(runtime, message, _stress).run()


def _stress(leased: LeasedJob) -> None:
    model, scenario = model_of(leased), Scenario.of(leased.job.parameters)
    which = _which(leased.job, scenario)
    with leased.step() as session:
        total = session.execute(_COUNT, which).scalar_one()
        leased.update_job(session, lambda job: _begin(job, total))
    comparison, after = _Comparison(model), _START
    while True:
        with leased.step() as session:
            rows = _next_rows(session, leased, model, which, after)
            if not rows:
                asked = {name: leased.job.parameters.get(name) for name in ("name", "shocks", "filters")}
                leased.complete(session, {"scenario": asked, **comparison.result(leased.job)})
                return
            after = rows[-1]["company_id"]
            accepted, skipped = comparison.add([row for row in rows if scenario.includes(row)], scenario)
            skipped += len(rows) - accepted - skipped
            leased.update_job(session, lambda job, a=accepted, s=skipped: _progress(job, a, s))  # type: ignore[misc]


def _which(job: Job, scenario: Scenario) -> dict[str, Any]:
    level = scenario.filters.get("access_level")
    levels = [AccessLevel.PERSONAL, AccessLevel.ORGANIZATION] if level is None else [AccessLevel(level)]
    tenant_id = PLATFORM_TENANT_ID if level == AccessLevel.SYSTEM else job.tenant_id
    return {
        "tenant_id": tenant_id,
        "kind": job.kind,
        "levels": [each.value for each in levels],
        "fiscal_year": scenario.filters.get("fiscal_year"),
    }


def _next_rows(
    session: Session, leased: LeasedJob, model: JobModel, which: Mapping[str, Any], after: UUID
) -> Sequence[Mapping[str, Any]]:
    values = {**which, "after": after, "size": leased.runtime.settings.chunk_rows}
    return [dict(row) for row in session.execute(_NEXT[model.scorer.kind], values).mappings()]


def _begin(job: Job, total: int) -> None:
    job.rows_total, job.rows_accepted, job.rows_skipped = total, 0, 0


def _progress(job: Job, accepted: int, skipped: int) -> None:
    job.rows_accepted += accepted
    job.rows_skipped += skipped


class _Comparison:
    """The portfolio before and after the shocks, gathered block by block."""

    def __init__(self, model: JobModel) -> None:
        self._model = model
        self._before, self._after = Tally(), Tally()
        self._transitions: Counter[tuple[str, str]] = Counter()
        self._movers: list[dict[str, Any]] = []

    def add(self, rows: Sequence[Mapping[str, Any]], scenario: Scenario) -> tuple[int, int]:
        """Score companies both ways; returns how many, and how many cannot be scored."""
        if not rows:
            return 0, 0
        scorer, scale = self._model.scorer, self._model.scale
        matrix = input_matrix(rows, scorer.columns)
        shocked = scenario.apply(matrix, scorer)
        fit = np.ones(len(rows), bool)
        for each in (matrix, shocked):
            problems = scorer.problems(each)
            fit[[row for row, _ in problems]] = False
        kept = [row for row, is_fit in zip(rows, fit, strict=True) if is_fit]
        before = _Side(scorer.score_matrix(matrix[fit], scale=scale))
        after = _Side(scorer.score_matrix(shocked[fit], scale=scale))
        for tally, side in ((self._before, before), (self._after, after)):
            tally.add(side.pd, side.grades, side.levels)
        self._transitions.update(zip(before.grades, after.grades, strict=True))
        movers = [_mover(row, place, before, after) for place, row in enumerate(kept)]
        self._movers = heapq.nlargest(MOST_MOVERS, [*self._movers, *movers], key=lambda mover: abs(mover["pd_change"]))
        return len(kept), len(rows) - len(kept)

    def result(self, job: Job) -> dict[str, Any]:
        """What the job says in the end."""
        names = self._model.scale.names
        place = {name: number for number, name in enumerate(names)}
        moves = {
            "upgraded": sum(n for (a, b), n in self._transitions.items() if place[b] < place[a]),
            "unchanged": sum(n for (a, b), n in self._transitions.items() if a == b),
            "downgraded": sum(n for (a, b), n in self._transitions.items() if place[b] > place[a]),
        }
        return {
            "kind": job.kind,
            "model_version": self._model.scorer.version,
            "before": self._before.as_dict(names),
            "after": self._after.as_dict(names),
            **moves,
            "transitions": [
                {"from": a, "to": b, "count": n}
                for (a, b), n in sorted(
                    self._transitions.items(), key=lambda item: (place[item[0][0]], place[item[0][1]])
                )
            ],
            "movers": [mover for mover in self._movers if mover["pd_change"]],
        }


class _Side:
    """Scores as plain lists."""

    def __init__(self, scores: ScoreMatrix) -> None:
        self.pd: NDArray[np.float64] = scores.pd
        self.grades = [scores.grades[place] for place in scores.grade]
        self.levels = [scores.risk_levels[place].value for place in scores.risk_level]


def _mover(row: Mapping[str, Any], place: int, before: _Side, after: _Side) -> dict[str, Any]:
    return {
        "company_id": str(row["company_id"]),
        "name": row["name"],
        "symbol": row["symbol"],
        "prediction_id": str(row["id"]),
        "fiscal_year": row["fiscal_year"],
        "fiscal_quarter": row["fiscal_quarter"],
        "pd_before": float(before.pd[place]),
        "pd_after": float(after.pd[place]),
        "pd_change": float(after.pd[place] - before.pd[place]),
        "grade_before": before.grades[place],
        "grade_after": after.grades[place],
    }
