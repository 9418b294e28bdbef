"""Decisions about predictions."""

from collections.abc import AsyncGenerator, Mapping, Sequence
from itertools import cycle
from typing import Any
from uuid import UUID

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from accunode_common.audit import details_about
from accunode_common.auth.subject import Subject
from accunode_common.db.session import Database
from accunode_common.errors import (
    AlreadyExistsError,
    ConflictError,
    FieldError,
    UnprocessableInputError,
)
from accunode_common.http.conditional import Conditional
from accunode_common.http.pagination import PageOf, PageParameters, SortOrder
from accunode_common.http.trail import Trail
from accunode_common.models.columns import AccessLevel
from accunode_credit.columns import NO_WORDS, SOURCE_COLUMNS, input_matrix, inputs_of, stored_inputs, stored_score
from accunode_credit.models.credit import Company, Prediction, PredictionVersion
from accunode_credit.records import find, find_to_change
from accunode_predictions.companies import service as companies
from accunode_predictions.predictions import repository
from accunode_predictions.predictions.filters import PredictionFilters
from accunode_predictions.predictions.rendering import item
from accunode_predictions.predictions.schemas import (
    PredictionInput,
    QuarterlyPredictionInput,
    Rescoring,
)
from accunode_predictions.serving.service import Scoring
from accunode_scoring import InputProblem, InputRefusedError, Kind, MasterScale, Score, Scorer
from accunode_scoring.implausible import refusals_of_matrix


def score_values(scorer: Scorer, ratios: Mapping[str, float | None], scale: MasterScale | None = None) -> Score:
    """Score one row.

    Raises:
        UnprocessableInputError: The ratios cannot be scored; it says which, and why.
    """
    try:
        score = scorer.score(ratios, scale=scale)
    except InputRefusedError as refused:
        raise _refused(scorer, refused.problems, "") from None
    refuse_implausible(scorer, [ratios])
    return score


def refuse_implausible(scorer: Scorer, rows: Sequence[Mapping[str, float | None]], at: str = "") -> None:
    """Refuse rows of which no reading makes sense; `at` is where a row stands in the body, such as `/rows/{}`.

    Raises:
        UnprocessableInputError: There are some; it says which, and why.
    """
    found = refusals_of_matrix(scorer.kind, input_matrix(rows, scorer.columns))
    if found:
        raise _refused(scorer, [problem for _, problem in found], *[at.format(row) for row, _ in found])


def _refused(scorer: Scorer, problems: Sequence[InputProblem], *at: str) -> UnprocessableInputError:
    place = "amounts" if scorer.kind is Kind.STATEMENT else "ratios"
    return UnprocessableInputError(
        f"The {place} cannot be scored.",
        errors=[
            FieldError(f"/body{where}/{place}/{problem.column}".rstrip("/"), problem.code, problem.message)
            for where, problem in zip(cycle(at), problems, strict=False)
        ],
    )


async def create(
    scoring: Scoring, subject: Subject, trail: Trail, kind: Kind, body: PredictionInput
) -> tuple[Prediction, Company, Score]:
    """Score and store; the company is created if it is new.

    Raises:
        UnprocessableInputError: The ratios cannot be scored.
        NotFoundError, ForbiddenError: The company cannot be used.
        AlreadyExistsError: The company has a prediction of that kind for that period.
        ConflictError: The company was deleted at the same time.
    """
    session = scoring.session
    scorer, scale = await scoring.serving(subject, kind)
    score = score_values(scorer, body.inputs.values(), scale)
    company = await _company(session, subject, trail, body)
    quarter = body.fiscal_quarter if isinstance(body, QuarterlyPredictionInput) else None
    values = {
        "tenant_id": company.tenant_id,
        "company_id": company.id,
        "kind": kind,
        "fiscal_year": body.fiscal_year,
        "fiscal_quarter": quarter,
        "access_level": company.access_level,
        "organization_id": company.organization_id,
        "created_by": subject.user_id,
        **stored_inputs(kind, body.inputs.values()),
        **stored_score(score),
    }
    try:
        prediction = await repository.add(session, values)
    except IntegrityError:
        raise ConflictError("The company was deleted meanwhile.") from None
    if prediction is None:
        raise await _exists(session, company, kind, body.fiscal_year, quarter)
    await _shadow(scoring, kind, prediction)
    await _record(session, trail, "prediction.create", prediction)
    return prediction, company, score


async def page(
    session: AsyncSession,
    subject: Subject,
    kind: Kind,
    filters: PredictionFilters,
    order: SortOrder,
    paging: PageParameters,
    *,
    system: bool = False,
) -> PageOf[dict[str, Any]]:
    """One page of the caller's own and organization records of a kind, or of the system's, each as `PredictionItem`."""
    found = await repository.page(session, subject, kind, filters, order, paging, system=system)
    return found.showing([item(listed) for listed in found.rows])


def exported(
    database: Database,
    subject: Subject,
    kind: Kind,
    filters: PredictionFilters,
    headings: Sequence[str],
    size: int,
    *,
    system: bool,
) -> AsyncGenerator[Sequence[Sequence[Any]]]:
    """The rows that a file of predictions holds, newest first, some at a time."""
    return repository.exported(database, subject, kind, filters, headings, size, system=system)


async def get(session: AsyncSession, subject: Subject, kind: Kind, prediction_id: UUID) -> tuple[Prediction, Company]:
    """A prediction and its company.

    Raises:
        NotFoundError: There is none that the caller sees.
    """
    prediction = await find(session, Prediction, subject, prediction_id, Prediction.kind == kind)
    return prediction, await _company_of(session, prediction)


async def rescore(
    scoring: Scoring,
    subject: Subject,
    trail: Trail,
    kind: Kind,
    prediction_id: UUID,
    body: Rescoring,
    condition: Conditional,
) -> tuple[Prediction, Company, Score]:
    """Score a prediction again with the model that serves; the earlier version is kept.

    Raises:
        NotFoundError, ForbiddenError: The caller may not see it, or not change it.
        StaleVersionError: It changed since the caller read it.
        UnprocessableInputError: The ratios cannot be scored.
    """
    session = scoring.session
    prediction = await find_to_change(session, Prediction, subject, prediction_id, Prediction.kind == kind)
    condition.check(prediction.version)
    inputs = body.inputs.values() if body.inputs is not None else inputs_of(prediction)
    scorer, scale = await scoring.serving(subject, kind)
    score = score_values(scorer, inputs, scale)
    await repository.keep_version(session, prediction, subject.user_id)
    values = {**stored_inputs(kind, inputs), **stored_score(score), **NO_WORDS, **dict.fromkeys(SOURCE_COLUMNS)}
    before = prediction.model_version
    prediction = await repository.change(session, prediction, values)
    await _shadow(scoring, kind, prediction)
    await _record(session, trail, "prediction.rescore", prediction, earlier_model_version=before)
    return prediction, await _company_of(session, prediction), score


async def delete(
    session: AsyncSession,
    subject: Subject,
    trail: Trail,
    kind: Kind,
    prediction_id: UUID,
    condition: Conditional,
) -> None:
    """Delete a prediction and its earlier versions; its company stays.

    Raises:
        NotFoundError, ForbiddenError: The caller may not see it, or not delete it.
        StaleVersionError: It changed since the caller read it.
    """
    prediction = await find_to_change(session, Prediction, subject, prediction_id, Prediction.kind == kind)
    condition.check(prediction.version)
    await repository.remove(session, prediction)
    await _record(session, trail, "prediction.delete", prediction)


async def versions(
    session: AsyncSession, subject: Subject, kind: Kind, prediction_id: UUID
) -> tuple[Prediction, list[PredictionVersion]]:
    """A prediction and its earlier versions, newest first.

    Raises:
        NotFoundError: There is none that the caller sees.
    """
    prediction = await find(session, Prediction, subject, prediction_id, Prediction.kind == kind)
    return prediction, list(await repository.versions_of(session, prediction))


async def _company(session: AsyncSession, subject: Subject, trail: Trail, body: PredictionInput) -> Company:
    obligor = body.obligor
    if not isinstance(obligor, UUID):
        return await companies.resolve(session, subject, trail, obligor, body.access_level or AccessLevel.PERSONAL)
    company = await companies.usable(session, subject, obligor)
    if body.access_level is not None and body.access_level != company.access_level:
        raise UnprocessableInputError.at(
            "/body/access_level", "other_level", f"The company's records are of the level {company.access_level}."
        )
    return company


async def _shadow(scoring: Scoring, kind: Kind, prediction: Prediction) -> None:
    challenger = await scoring.challenger(kind)
    if challenger is not None:
        grading = await scoring.grading(prediction.tenant_id)
        score = grading.at_level(challenger).score(inputs_of(prediction))
        await repository.note_shadow(scoring.session, prediction, challenger.version, score.pd)


async def _company_of(session: AsyncSession, prediction: Prediction) -> Company:
    found = await repository.companies_of(session, [prediction])
    return found[prediction.company_id]


async def _exists(
    session: AsyncSession, company: Company, kind: Kind, fiscal_year: int, quarter: int | None
) -> AlreadyExistsError:
    period = f"{fiscal_year}" if quarter is None else f"{fiscal_year} Q{quarter}"
    existing = await repository.id_of_period(session, company, kind, fiscal_year, quarter)
    if existing is None:
        return AlreadyExistsError(f"{company.name} had a prediction for {period} a moment ago; try again.")
    path = f"/api/v1/predictions/{kind}/{existing}"
    return AlreadyExistsError(
        f"{company.name} has the {kind} prediction {existing} for {period}. "
        f"PUT {path} scores it again and keeps the earlier version.",
        errors=[FieldError("/body/fiscal_year", "already_exists", str(existing))],
        headers={"Location": path},
    )


async def _record(session: AsyncSession, trail: Trail, action: str, prediction: Prediction, **contents: Any) -> None:
    await trail.record(
        session,
        action,
        "prediction",
        prediction.id,
        tenant_id=prediction.tenant_id,
        details=details_about(
            prediction.access_level,
            ids={"company_id": prediction.company_id},
            kind=prediction.kind,
            fiscal_year=prediction.fiscal_year,
            fiscal_quarter=prediction.fiscal_quarter,
            model_version=prediction.model_version,
            pd=prediction.pd,
            **contents,
        ),
    )
