"""Annual predictions: create, list, score again."""

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
from accunode_predictions.predictions.rendering import annual, annual_detail
from accunode_predictions.predictions.schemas import (
    AnnualPrediction,
    AnnualPredictionDetail,
    AnnualPredictionInput,
    AnnualRescoring,
)
from accunode_predictions.serving.service import RequestScoring
from accunode_scoring import Kind

router = api_router("/predictions/annual", tag="predictions")


@router.post("", status_code=201, summary="Score a fiscal year and store it")
async def create_annual_prediction(
    body: AnnualPredictionInput,
    subject: PredictionWriter,
    scoring: RequestScoring,
    trail: AuditTrail,
    etag: ETag,
    response: Response,
) -> AnnualPredictionDetail:
    """Scores the ratios with the model that serves, and stores the result.

    A second prediction for the same company and year is a 409 that names the first; PUT scores that one again.
    """
    prediction, company, score = await service.create(scoring, subject, trail, Kind.ANNUAL, body)
    etag.tag(prediction.version)
    response.headers["Location"] = f"/api/v1/predictions/annual/{prediction.id}"
    return annual_detail(prediction, company, score)


@router.get("", summary="List annual predictions")
async def list_annual_predictions(
    filters: AnnualQuery, order: Order, paging: Paging, subject: PredictionReader, session: SubjectSession
) -> Page[AnnualPrediction]:
    """The caller's own records and its organization's; a tenant's administrator sees those of every organization."""
    return await lists.page(session, subject, Kind.ANNUAL, filters, order, paging, annual)


@router.get("/system", summary="List the system's annual predictions")
async def list_system_annual_predictions(
    filters: AnnualQuery, order: Order, paging: Paging, subject: PredictionReader, session: SubjectSession
) -> Page[AnnualPrediction]:
    """The records that the platform shares; empty unless the caller's organization has sharing on."""
    return await lists.page(session, subject, Kind.ANNUAL, filters, order, paging, annual, system=True)


@router.put("/{prediction_id}", summary="Score an annual prediction again")
async def rescore_annual_prediction(
    prediction_id: PredictionPath,
    body: AnnualRescoring,
    subject: PredictionWriter,
    scoring: RequestScoring,
    trail: AuditTrail,
    condition: IfMatch,
) -> AnnualPredictionDetail:
    """Scores with the model that serves now, with restated ratios if given; the earlier version is kept."""
    prediction, company, score = await service.rescore(
        scoring, subject, trail, Kind.ANNUAL, prediction_id, body, condition
    )
    condition.tag(prediction.version)
    return annual_detail(prediction, company, score)
