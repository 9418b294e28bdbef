"""Answers to what would be if, each with the state that it speaks of."""

from collections.abc import Mapping, Sequence

import numpy as np

from accunode_predictions.predictions.what_if.schemas import (
    Changed,
    CurvePoint,
    LeverStep,
    Move,
    Sensitivity,
    TargetAnswer,
)
from accunode_predictions.predictions.what_if.sides import Retyped, Side, Vector, why_moved
from accunode_scoring import RATIOS, MasterScale, RiskLevel
from accunode_scoring.accounts.levers import Company, Lever, LeverName
from accunode_scoring.accounts.seeking import Way, seek
from accunode_scoring.reasons import percentile

CURVE_PERCENTILES = (1.0, 5.0, 10.0, 25.0, 50.0, 75.0, 90.0, 95.0, 99.0)
SAME = 1e-9
"""Values that differ by less, relatively, differ by rounding."""

WORDS: Mapping[LeverName, str] = {
    LeverName.RAISE_PRICES: "raising prices by {:.1f} % of net sales",
    LeverName.CUT_COSTS: "cutting operating costs by {:.1f} %",
    LeverName.CUT_SGA: "cutting SG&A costs by {:.1f} %",
    LeverName.RAISE_EQUITY: "raising equity of {:.1f} % of total assets",
    LeverName.REPAY_DEBT: "repaying {:.1f} % of debt",
}


class Answers:
    """Answers about one company, on the caller's master scale."""

    def __init__(self, side: Side, scale: MasterScale) -> None:
        self._side, self._scale = side, scale
        self._inputs = RATIOS[side.scorer.kind]

    def sensitivities(self) -> list[Sensitivity]:
        """How the probability depends on each ratio, with what follows it; all points are scored at once."""
        references = [self._side.scorer.model.reference[ratio.name] for ratio in self._inputs]
        points = [np.quantile(ref.quantiles, np.array(CURVE_PERCENTILES) / 100.0) for ref in references]
        rows = np.array(
            [
                self._side.retyped({ratio.name: float(value)}).row
                for ratio, values in zip(self._inputs, points, strict=True)
                for value in values
            ]
        )
        pds = self._pd(rows).reshape(len(points), -1)
        by_ratio = rows.reshape(len(points), -1, len(self._inputs))
        found = []
        for place, (ratio, reference) in enumerate(zip(self._inputs, references, strict=True)):
            value = self._side.values.get(ratio.name)
            found.append(
                Sensitivity(
                    ratio=ratio.name,
                    label=ratio.label,
                    unit=ratio.unit,
                    value=value,
                    percentile=None if value is None else percentile(value, reference),
                    pd_lowest=float(pds[place].min()),
                    pd_highest=float(pds[place].max()),
                    curve=[
                        CurvePoint(
                            percentile=rank,
                            value=float(point),
                            pd=float(pd),
                            grade=self._grade(float(pd)),
                            inputs=self._shown(row),
                        )
                        for rank, point, pd, row in zip(
                            CURVE_PERCENTILES, points[place], pds[place], by_ratio[place], strict=True
                        )
                    ],
                )
            )
        return found

    def changed(self, found: Retyped, typed: Mapping[str, float]) -> Changed:
        """The company with new values."""
        pd = float(self._pd(found.row[None, :])[0])
        return Changed(
            pd=pd,
            grade=self._grade(pd),
            risk_level=self._scale.grade(pd).risk_level,
            inputs=self._shown(found.row),
            moves=self._moves(self._side.row, found.row, found.why, typed),
            remarks=found.remarks,
        )

    def target(self, name: str, limit: float, allowed: Sequence[LeverName] | None) -> TargetAnswer:
        """The smallest way to a probability below `limit`, which `name` stands for in the sentence."""
        company = self._side.company(allowed)
        level = self._scale.grade(float(np.nextafter(limit, 0.0))).risk_level
        found = seek(company, self._pd, limit, may_lose=level is not RiskLevel.LOW)
        way = found.way
        steps = self._steps(company, way)
        return TargetAnswer(
            pd=way.pd,
            grade=self._grade(way.pd),
            risk_level=self._scale.grade(way.pd).risk_level,
            inputs=self._shown(way.row),
            moves=self._moves(self._side.row, way.row, why_moved(company, np.zeros_like(way.shares), way.shares), {}),
            target_pd=limit,
            reached=found.reached,
            says=self._sentence(name, steps, way.pd, reached=found.reached),
            steps=steps,
            by_single_lever=[
                step for alone in found.alone if alone is not None for step in self._steps(company, alone)
            ],
        )

    def _steps(self, company: Company, way: Way) -> list[LeverStep]:
        order = [int(place) for place in np.argsort(way.shares, kind="stable") if way.shares[place] > 0.0]
        shares = np.zeros((len(order) + 1, len(way.shares)))
        for number, place in enumerate(order, 1):
            shares[number:, place] = way.shares[place]
        rows = company.states(shares).rows
        pds = self._pd(rows)
        return [
            self._step(company, company.levers[place], shares[number : number + 2], place, rows, pds, number)
            for number, place in enumerate(order)
        ]

    def _step(
        self, company: Company, lever: Lever, shares: Vector, place: int, rows: Vector, pds: Vector, number: int
    ) -> LeverStep:
        before, after = float(pds[number]), float(pds[number + 1])
        share = float(shares[1, place])
        why = why_moved(company, shares[0], shares[1])
        return LeverStep(
            lever=lever.name,
            label=lever.label,
            share=100.0 * share,
            amount=share * lever.amount,
            amount_unit=self._side.amount_unit,
            pd_before=before,
            pd_after=after,
            grade_before=self._grade(before),
            grade_after=self._grade(after),
            moves=self._moves(rows[number], rows[number + 1], why, {}),
        )

    def _sentence(self, name: str, steps: Sequence[LeverStep], pd: float, *, reached: bool) -> str:
        ways = " and ".join(WORDS[step.lever].format(step.share) for step in steps)
        if reached:
            return f"{name} is reached by {ways}." if ways else f"{name} is reached as it is."
        best = f"the best is {self._grade(pd)}, a probability of default of {pd:.2%}"
        return f"{name} is out of reach: {best}, {f'by {ways}' if ways else 'as it is'}."

    def _moves(self, before: Vector, after: Vector, why: Mapping[str, str], typed: Mapping[str, float]) -> list[Move]:
        return [
            Move(
                column=ratio.name,
                label=ratio.label,
                unit=ratio.unit,
                before=_number(old),
                after=_number(new),
                given=ratio.name in typed,
                why="It was given." if ratio.name in typed else why[ratio.name],
            )
            for ratio, old, new in zip(self._inputs, before, after, strict=True)
            if not np.isclose(old, new, rtol=SAME, atol=0.0, equal_nan=True)
        ]

    def _pd(self, rows: Vector) -> Vector:
        return self._side.scorer.score_matrix(rows).pd

    def _grade(self, pd: float) -> str:
        return self._scale.grade(pd).name

    def _shown(self, row: Vector) -> dict[str, float | None]:
        return {ratio.name: _number(value) for ratio, value in zip(self._inputs, row, strict=True)}


def _number(value: float) -> float | None:
    return None if np.isnan(value) else float(value)
