"""Scores that are not stored."""

import asyncio
from collections.abc import Sequence

from accunode_common.auth.subject import Subject
from accunode_credit.columns import input_matrix
from accunode_predictions.predictions.service import refuse_implausible
from accunode_predictions.predictions.simulations.schemas import (
    AnnualBatch,
    AnnualRow,
    BatchScores,
    QuarterlyBatch,
    QuarterlyRow,
    ScoredRow,
    StatementBatch,
    StatementRow,
)
from accunode_predictions.serving.service import Scoring
from accunode_scoring import PROBABILITIES, Kind, MasterScale, ScoreMatrix, Scorer


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
