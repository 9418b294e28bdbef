"""Statistics over HTTP."""

from typing import Annotated

from fastapi import Query

from accunode_common.http.app import api_router
from accunode_common.http.session import SubjectSession
from accunode_predictions.predictions.permissions import PredictionReader
from accunode_predictions.predictions.statistics import service
from accunode_predictions.predictions.statistics.schemas import Statistics
from accunode_scoring import Kind

router = api_router("/predictions", tag="statistics")


@router.get("/stats", summary="Count predictions")
async def get_prediction_statistics(
    subject: PredictionReader,
    session: SubjectSession,
    kind: Annotated[Kind | None, Query(description="Only this kind.")] = None,
) -> Statistics:
    """Counts and distribution of the caller's own and organization records by kind, risk level, sector and period."""
    return await service.statistics(session, subject, kind)
