"""Scores that are not stored."""

import asyncio
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from accunode_common.auth.subject import Subject
from accunode_common.errors import UnprocessableInputError
from accunode_credit.columns import input_matrix, shown_score
from accunode_credit.reasons import shown
from accunode_predictions.predictions.schemas import years_of_term
from accunode_predictions.predictions.service import refuse_implausible, score_values
from accunode_predictions.predictions.simulations.schemas import (
    AnnualBatch,
    AnnualQuestion,
    AnnualRow,
    BatchScores,
    CurvePoint,
    QuarterlyBatch,
    QuarterlyQuestion,
    QuarterlyRow,
    RatioChange,
    ScoredRow,
    Sensitivity,
    StatementBatch,
    StatementRow,
    TargetAnswer,
    WhatIf,
)
from accunode_predictions.predictions.simulations.search import CURVE_PERCENTILES, Move, Surroundings
from accunode_predictions.serving.service import Scoring
from accunode_scoring import PROBABILITIES, RATIOS, Kind, MasterScale, Ratio, ScoreMatrix, Scorer


async def score_batch(
    scoring: Scoring, subject: Subject, kind: Kind, body: AnnualBatch | QuarterlyBatch | StatementBatch
) -> BatchScores:
    """Score rows with the model that serves, on the caller's master scale.

    Raises:
        UnprocessableInputError: No reading of a row makes sense; it says of which.
    """
    scorer, scale = await scoring.serving(subject, kind)
    return await asyncio.to_thread(_scores, scorer, scale, body.rows)


def _scores(scorer: Scorer, scale: MasterScale, rows: Sequence[AnnualRow | QuarterlyRow | StatementRow]) -> BatchScores:
    inputs = [(row.amounts if isinstance(row, StatementRow) else row.ratios).values() for row in rows]
    refuse_implausible(scorer, inputs, "/rows/{}")
    scores = scorer.score_matrix(input_matrix(inputs, scorer.columns), scale=scale, explain=True)
    kind, version = scorer.kind, scorer.version
    return BatchScores(items=[_row(scores, number, row.row_id, kind, version) for number, row in enumerate(rows)])


async def what_if(scoring: Scoring, subject: Subject, kind: Kind, body: AnnualQuestion | QuarterlyQuestion) -> WhatIf:
    """Score one row, vary each ratio, and look for the smallest change that reaches the target grade.

    Raises:
        UnprocessableInputError: The target is not a grade of the caller's master scale.
    """
    scorer, scale = await scoring.serving(subject, kind)
    return await asyncio.to_thread(_answer, scorer, scale, body.ratios.values(), body.target_grade)


def _answer(scorer: Scorer, scale: MasterScale, values: Mapping[str, float | None], target_grade: str | None) -> WhatIf:
    score = score_values(scorer, values, scale)
    around = Surroundings(scorer, values)
    ratios = {ratio.name: ratio for ratio in RATIOS[scorer.kind]}
    return WhatIf(
        kind=scorer.kind,
        **shown_score(score),
        completeness=score.completeness,
        term_structure=years_of_term(score.pd, score.pd_2y, score.pd_3y),
        reasons=shown(score),
        sensitivities=[
            _sensitivity(around, place, ratios[column], values, scale) for place, column in enumerate(scorer.columns)
        ],
        target=None if target_grade is None else _target(around, target_grade, score.pd, scale, ratios),
    )


def _row(scores: ScoreMatrix, number: int, row_id: str | None, kind: Kind, version: str) -> ScoredRow:
    return ScoredRow(
        row_id=row_id,
        kind=kind,
        model_version=version,
        **{name: float(getattr(scores, name)[number]) for name in PROBABILITIES},
        log_odds_shift=scores.log_odds_shift,
        grade=scores.grades[scores.grade[number]],
        risk_level=scores.risk_levels[scores.risk_level[number]].value,
        reason_codes=list(scores.reasons_of(number)),
        flags=list(scores.flags_of(number)),
    )


def _sensitivity(
    around: Surroundings, place: int, ratio: Ratio, values: Mapping[str, float | None], scale: MasterScale
) -> Sensitivity:
    points, pds = around.curve(place)
    value = values[ratio.name]
    return Sensitivity(
        ratio=ratio.name,
        label=ratio.label,
        unit=ratio.unit,
        value=value,
        percentile=None if value is None else around.rank_of(place, value),
        pd_lowest=float(pds.min()),
        pd_highest=float(pds.max()),
        curve=[
            CurvePoint(percentile=rank, value=float(point), pd=float(pd), grade=scale.grade(float(pd)).name)
            for rank, point, pd in zip(CURVE_PERCENTILES, points, pds, strict=True)
        ],
    )


def _target(
    around: Surroundings, grade: str, pd: float, scale: MasterScale, ratios: Mapping[str, Ratio]
) -> TargetAnswer:
    if grade not in scale.names:
        raise UnprocessableInputError.at(
            "/body/target_grade", "unknown_grade", f"The grades are {', '.join(scale.names)}."
        )
    limit = scale.grades[scale.names.index(grade)].upper

    def passes(pds: NDArray[np.float64]) -> NDArray[np.bool_]:
        return pds < limit if limit < 1.0 else pds <= limit

    if passes(np.array([pd]))[0]:
        return TargetAnswer(grade=grade, reached=True, changes=[], pd=pd, by_single_ratio=[])
    alone = [move for place in range(len(around.columns)) if (move := around.nearest_alone(place, passes)) is not None]
    ways: list[Sequence[Move]] = [[move] for move in alone]
    together = around.nearest_together(passes)
    if together is not None:
        ways.append(together)
    best = min(ways, key=lambda way: sum(move.length for move in way), default=None)
    after = around.row.copy()
    for move in best or ():
        after[around.columns.index(move.column)] = move.target
    return TargetAnswer(
        grade=grade,
        reached=best is not None,
        changes=[_change(move, ratios) for move in best or ()],
        pd=float(around.pd(after[None, :])[0]),
        by_single_ratio=[_change(move, ratios) for move in alone],
    )


def _change(move: Move, ratios: Mapping[str, Ratio]) -> RatioChange:
    return RatioChange(
        ratio=move.column,
        label=ratios[move.column].label,
        value=move.value,
        target=move.target,
        percentile=move.percentile,
        target_percentile=move.target_percentile,
    )
