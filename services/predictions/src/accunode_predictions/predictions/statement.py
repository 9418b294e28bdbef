"""Predictions from financial statements: create, list, score again."""

from fastapi import Response

from accunode_common.http.app import api_router
from accunode_common.http.conditional import ETag, IfMatch
from accunode_common.http.pagination import Paging
from accunode_common.http.schemas import Page
from accunode_common.http.session import SubjectSession
from accunode_common.http.trail import AuditTrail
from accunode_predictions.predictions import lists, service
from accunode_predictions.predictions.filters import AnnualQuery, Order, PredictionPath
from accunode_predictions.predictions.permissions import PredictionReader, PredictionWriter
from accunode_predictions.predictions.rendering import statement, statement_detail
from accunode_predictions.predictions.schemas import (
    StatementPrediction,
    StatementPredictionDetail,
    StatementPredictionInput,
    StatementRescoring,
)
from accunode_predictions.serving.service import RequestScoring
from accunode_scoring import Kind

router = api_router("/predictions/statement", tag="predictions")


@router.post("", status_code=201, summary="Score a financial statement and store it")
async def create_statement_prediction(
    body: StatementPredictionInput,
    subject: PredictionWriter,
    scoring: RequestScoring,
    trail: AuditTrail,
    etag: ETag,
    response: Response,
) -> StatementPredictionDetail:
    """Scores the amounts with the model that serves, and stores the result and the ratios that follow from them.

    A second prediction for the same company and year is a 409 that names the first; PUT scores that one again.
    """
    prediction, company, score = await service.create(scoring, subject, trail, Kind.STATEMENT, body)
    etag.tag(prediction.version)
    response.headers["Location"] = f"/api/v1/predictions/statement/{prediction.id}"
    return statement_detail(prediction, company, score)


@router.get("", summary="List predictions from statements")
async def list_statement_predictions(
    filters: AnnualQuery, order: Order, paging: Paging, subject: PredictionReader, session: SubjectSession
) -> Page[StatementPrediction]:
    """The caller's own records and its organization's; a tenant's administrator sees those of every organization."""
    return await lists.page(session, subject, Kind.STATEMENT, filters, order, paging, statement)


@router.get("/system", summary="List the system's predictions from statements")
async def list_system_statement_predictions(
    filters: AnnualQuery, order: Order, paging: Paging, subject: PredictionReader, session: SubjectSession
) -> Page[StatementPrediction]:
    """The records that the platform shares; empty unless the caller's organization has sharing on."""
    return await lists.page(session, subject, Kind.STATEMENT, filters, order, paging, statement, system=True)


@router.put("/{prediction_id}", summary="Score a prediction from a statement again")
async def rescore_statement_prediction(
    prediction_id: PredictionPath,
    body: StatementRescoring,
    subject: PredictionWriter,
    scoring: RequestScoring,
    trail: AuditTrail,
    condition: IfMatch,
) -> StatementPredictionDetail:
    """Scores with the model that serves now, with restated amounts if given; the earlier version is kept."""
    prediction, company, score = await service.rescore(
        scoring, subject, trail, Kind.STATEMENT, prediction_id, body, condition
    )
    condition.tag(prediction.version)
    return statement_detail(prediction, company, score)
