"""Explanations over HTTP."""

from accunode_common.http.app import api_router
from accunode_predictions.predictions.explanations import service
from accunode_predictions.predictions.explanations.schemas import Explanation
from accunode_predictions.predictions.filters import PredictionPath
from accunode_predictions.predictions.permissions import PredictionReader
from accunode_predictions.resources import RequestScoring
from accunode_predictions.schema_fields import KindPath

router = api_router("/predictions", tag="explanations")


@router.get("/{kind}/{prediction_id}/explanation", summary="Explain a prediction")
async def explain_prediction(
    kind: KindPath, prediction_id: PredictionPath, subject: PredictionReader, scoring: RequestScoring
) -> Explanation:
    """Reasons in words, and what each ratio adds to the score, by the model version that made the prediction."""
    return await service.explain(scoring, subject, kind, prediction_id)
