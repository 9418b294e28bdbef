"""Scores that are not stored, over HTTP."""

from accunode_common.http.app import api_router
from accunode_predictions.predictions.permissions import PredictionReader
from accunode_predictions.predictions.simulations import service
from accunode_predictions.predictions.simulations.schemas import (
    AnnualBatch,
    BatchScores,
    QuarterlyBatch,
    StatementBatch,
)
from accunode_predictions.resources import RequestScoring
from accunode_scoring import Kind

router = api_router("/predictions", tag="simulations")


@router.post("/annual/score", summary="Score up to 1,000 fiscal years without storing them")
async def score_annual_rows(body: AnnualBatch, subject: PredictionReader, scoring: RequestScoring) -> BatchScores:
    """Scores with the model that serves; one bad row refuses the request, and the reply says which and why."""
    return await service.score_batch(scoring, subject, Kind.ANNUAL, body)


@router.post("/quarterly/score", summary="Score up to 1,000 quarters without storing them")
async def score_quarterly_rows(body: QuarterlyBatch, subject: PredictionReader, scoring: RequestScoring) -> BatchScores:
    """Scores with the model that serves; one bad row refuses the request, and the reply says which and why."""
    return await service.score_batch(scoring, subject, Kind.QUARTERLY, body)


@router.post("/statement/score", summary="Score up to 1,000 financial statements without storing them")
async def score_statement_rows(body: StatementBatch, subject: PredictionReader, scoring: RequestScoring) -> BatchScores:
    """Scores with the model that serves; one bad row refuses the request, and the reply says which and why."""
    return await service.score_batch(scoring, subject, Kind.STATEMENT, body)
