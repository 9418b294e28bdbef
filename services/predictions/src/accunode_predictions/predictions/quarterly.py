"""Quarterly predictions: create, list, score again."""

from fastapi import Response

from accunode_common.http.app import api_router
from accunode_common.http.conditional import ETag, IfMatch
from accunode_common.http.pagination import Paging
from accunode_common.http.schemas import Page
from accunode_common.http.session import SubjectSession
from accunode_common.http.trail import AuditTrail
from accunode_predictions.predictions import lists, service
from accunode_predictions.predictions.filters import Order, PredictionPath, QuarterlyQuery
from accunode_predictions.predictions.permissions import PredictionReader, PredictionWriter
from accunode_predictions.predictions.rendering import quarterly, quarterly_detail
from accunode_predictions.predictions.schemas import (
    QuarterlyPrediction,
    QuarterlyPredictionDetail,
    QuarterlyPredictionInput,
    QuarterlyRescoring,
)
from accunode_predictions.serving.service import RequestScoring
from accunode_scoring import Kind

router = api_router("/predictions/quarterly", tag="predictions")


@router.post("", status_code=201, summary="Score a quarter and store it")
async def create_quarterly_prediction(
    body: QuarterlyPredictionInput,
    subject: PredictionWriter,
    scoring: RequestScoring,
    trail: AuditTrail,
    etag: ETag,
    response: Response,
) -> QuarterlyPredictionDetail:
    """Scores ratios of the trailing twelve months with the model that serves, and stores the result.

    A second prediction for the same company and quarter is a 409 that names the first; PUT scores that one again.
    """
    prediction, company, score = await service.create(scoring, subject, trail, Kind.QUARTERLY, body)
    etag.tag(prediction.version)
    response.headers["Location"] = f"/api/v1/predictions/quarterly/{prediction.id}"
    return quarterly_detail(prediction, company, score)


@router.get("", summary="List quarterly predictions")
async def list_quarterly_predictions(
    filters: QuarterlyQuery, order: Order, paging: Paging, subject: PredictionReader, session: SubjectSession
) -> Page[QuarterlyPrediction]:
    """The caller's own records and its organization's; a tenant's administrator sees those of every organization."""
    return await lists.page(session, subject, Kind.QUARTERLY, filters, order, paging, quarterly)


@router.get("/system", summary="List the system's quarterly predictions")
async def list_system_quarterly_predictions(
    filters: QuarterlyQuery, order: Order, paging: Paging, subject: PredictionReader, session: SubjectSession
) -> Page[QuarterlyPrediction]:
    """The records that the platform shares; empty unless the caller's organization has sharing on."""
    return await lists.page(session, subject, Kind.QUARTERLY, filters, order, paging, quarterly, system=True)


@router.put("/{prediction_id}", summary="Score a quarterly prediction again")
async def rescore_quarterly_prediction(
    prediction_id: PredictionPath,
    body: QuarterlyRescoring,
    subject: PredictionWriter,
    scoring: RequestScoring,
    trail: AuditTrail,
    condition: IfMatch,
) -> QuarterlyPredictionDetail:
    """Scores with the model that serves now, with restated ratios if given; the earlier version is kept."""
    prediction, company, score = await service.rescore(
        scoring, subject, trail, Kind.QUARTERLY, prediction_id, body, condition
    )
    condition.tag(prediction.version)
    return quarterly_detail(prediction, company, score)
