"""Single predictions of any kind."""

from fastapi import Response

from accunode_common.http.app import api_router
from accunode_common.http.conditional import ETag, IfMatch
from accunode_common.http.session import SubjectSession
from accunode_common.http.trail import AuditTrail
from accunode_credit.reasons import scored_again
from accunode_predictions.predictions import service
from accunode_predictions.predictions.filters import PredictionPath
from accunode_predictions.predictions.permissions import PredictionReader, PredictionWriter
from accunode_predictions.predictions.rendering import detail, earlier
from accunode_predictions.predictions.schemas import PredictionDetail, VersionList
from accunode_predictions.resources import RequestScoring
from accunode_predictions.schema_fields import KindPath

router = api_router("/predictions", tag="predictions")


@router.get("/{kind}/{prediction_id}", summary="Read a prediction")
async def get_prediction(
    kind: KindPath, prediction_id: PredictionPath, subject: PredictionReader, scoring: RequestScoring, etag: ETag
) -> PredictionDetail:
    """A prediction with its reasons in words."""
    prediction, company = await service.get(scoring.session, subject, kind, prediction_id)
    etag.tag(prediction.version)
    return detail(prediction, company, scored_again(scoring.models.library, prediction))


@router.delete("/{kind}/{prediction_id}", status_code=204, summary="Delete a prediction")
async def delete_prediction(
    kind: KindPath,
    prediction_id: PredictionPath,
    subject: PredictionWriter,
    session: SubjectSession,
    trail: AuditTrail,
    condition: IfMatch,
) -> Response:
    """Deletes a prediction with its earlier versions; the company stays.

    Of a shared prediction stays, for back-tests, what its versions said: when, the inputs, probability, grade and model
    version, under the same owner. It loses the link to the company when that is deleted. Of a personal one none stays.
    """
    await service.delete(session, subject, trail, kind, prediction_id, condition)
    return Response(status_code=204)


@router.get("/{kind}/{prediction_id}/versions", summary="List the earlier versions of a prediction")
async def list_prediction_versions(
    kind: KindPath, prediction_id: PredictionPath, subject: PredictionReader, session: SubjectSession
) -> VersionList:
    """What a prediction was before each rescoring, newest first."""
    prediction, kept = await service.versions(session, subject, kind, prediction_id)
    return VersionList(
        prediction_id=prediction.id,
        current_version=prediction.version,
        items=[earlier(version, kind) for version in kept],
    )
