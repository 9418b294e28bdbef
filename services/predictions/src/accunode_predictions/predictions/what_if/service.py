"""What would be if a company were another: scored, and never stored."""

import asyncio
from collections.abc import Mapping

from accunode_common.auth.subject import Subject
from accunode_common.errors import FieldError, UnprocessableInputError
from accunode_credit.columns import shown_score
from accunode_credit.reasons import shown
from accunode_predictions.predictions.schemas import years_of_term
from accunode_predictions.predictions.service import score_values
from accunode_predictions.predictions.what_if.answers import Answers
from accunode_predictions.predictions.what_if.schemas import (
    AnnualQuestion,
    Changed,
    QuarterlyQuestion,
    StatementAnswer,
    StatementQuestion,
    Target,
    TargetAnswer,
    WhatIf,
)
from accunode_predictions.predictions.what_if.sides import RatioSide, Side, StatementSide
from accunode_predictions.serving.service import Scoring
from accunode_scoring import Kind, MasterScale, Scorer
from accunode_scoring.implausible import refusals_of_matrix


async def ask_of_ratios(
    scoring: Scoring, subject: Subject, kind: Kind, body: AnnualQuestion | QuarterlyQuestion
) -> WhatIf:
    """Score ratios, vary each with what follows it, and look for the smallest way to the target.

    Raises:
        UnprocessableInputError: The ratios or their new values cannot be scored, or the target is no grade.
    """
    scorer, scale = await scoring.serving(subject, kind)
    return await asyncio.to_thread(_of_ratios, scorer, scale, body)


async def ask_of_statement(scoring: Scoring, subject: Subject, body: StatementQuestion) -> StatementAnswer:
    """Score a statement, change amounts with what follows them, and look for the smallest way to the target.

    Raises:
        UnprocessableInputError: The amounts or their new values cannot be scored, or the target is no grade.
    """
    scorer, scale = await scoring.serving(subject, Kind.STATEMENT)
    return await asyncio.to_thread(_of_statement, scorer, scale, body)


def _of_ratios(scorer: Scorer, scale: MasterScale, body: AnnualQuestion | QuarterlyQuestion) -> WhatIf:
    values = body.ratios.values()
    score = score_values(scorer, values, scale)
    side = RatioSide(scorer, values)
    answers = Answers(side, scale)
    return WhatIf(
        kind=scorer.kind,
        **shown_score(score),
        completeness=score.completeness,
        term_structure=years_of_term(score.pd, score.pd_2y, score.pd_3y),
        reasons=shown(score),
        remarks=side.remarks,
        sensitivities=answers.sensitivities(),
        changed=_changed(side, answers, body.changes.values() if body.changes else None),
        target=_target(answers, scale, body),
    )


def _of_statement(scorer: Scorer, scale: MasterScale, body: StatementQuestion) -> StatementAnswer:
    values = body.amounts.values()
    score = score_values(scorer, values, scale)
    side = StatementSide(scorer, values)
    answers = Answers(side, scale)
    return StatementAnswer(
        kind=scorer.kind,
        **shown_score(score),
        completeness=score.completeness,
        term_structure=years_of_term(score.pd, score.pd_2y, score.pd_3y),
        reasons=shown(score),
        remarks=side.remarks,
        changed=_changed(side, answers, body.changes.values() if body.changes else None),
        target=_target(answers, scale, body),
    )


def _changed(side: Side, answers: Answers, changes: Mapping[str, float | None] | None) -> Changed | None:
    if changes is None:
        return None
    typed = {name: value for name, value in changes.items() if value is not None}
    found = side.retyped(typed)
    rows = found.row[None, :]
    problems = [problem for _, problem in (*side.scorer.problems(rows), *refusals_of_matrix(side.scorer.kind, rows))]
    if problems:
        raise UnprocessableInputError(
            "What the changes lead to cannot be scored.",
            errors=[FieldError(f"/body/changes/{p.column}".rstrip("/"), p.code, p.message) for p in problems],
        )
    return answers.changed(found, typed)


def _target(answers: Answers, scale: MasterScale, target: Target) -> TargetAnswer | None:
    if target.target_pd is not None:
        return answers.target(f"A probability below {target.target_pd:.4%}", target.target_pd, target.levers)
    grade = target.target_grade
    if grade is None:
        return None
    if grade not in scale.names:
        raise UnprocessableInputError.at(
            "/body/target_grade", "unknown_grade", f"The grades are {', '.join(scale.names)}."
        )
    return answers.target(grade, scale.grades[scale.names.index(grade)].upper, target.levers)
