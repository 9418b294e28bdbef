"""Model versions over HTTP."""

from typing import Annotated

from fastapi import Path, Response

from accunode_common.http.app import api_router
from accunode_common.http.trail import AuditTrail
from accunode_predictions.jobs.schemas import AcceptedJob
from accunode_predictions.jobs.service import locate
from accunode_predictions.models import service
from accunode_predictions.models.master_scale import MasterScaleOut, shown_scale
from accunode_predictions.models.permissions import ModelMonitor, ModelPromoter, ModelReader
from accunode_predictions.models.schemas import ChallengerChoice, ModelDetail, ModelList, ModelOut, VersionChoice
from accunode_predictions.resources import RequestScoring
from accunode_scoring import Kind

router = api_router("/models", tag="models")

_MARKDOWN = "text/markdown"

ModelKind = Annotated[Kind, Path(description="Which inputs the model scores.")]
VersionPath = Annotated[str, Path(max_length=100, description="A version of the registry.")]


@router.get("", summary="List model versions")
async def list_models(_: ModelReader, scoring: RequestScoring) -> ModelList:
    """Every version in the registry with its status; the champion of each kind serves."""
    return await service.every(scoring)


@router.get("/master-scale", summary="Read the master scale")
async def get_master_scale(subject: ModelReader, scoring: RequestScoring) -> MasterScaleOut:
    """Every grade of the caller's tenant with its bounds, its mid-point and its risk level.

    Beside each stand the broad grades of S&P and Moody's whose published one-year default rate is nearest, and its
    German IFD classes, with their sources. They count other events: see `event`.
    """
    return shown_scale(await scoring.scale(subject))


@router.get("/{kind}/{version}", summary="Read a model version")
async def get_model(
    kind: ModelKind,
    version: VersionPath,
    subject: ModelReader,
    scoring: RequestScoring,
) -> ModelDetail:
    """A version with its card, its metrics, its reference population, its shadow scores and the newest drift report."""
    return await service.detail(scoring, subject, kind, version)


@router.get(
    "/{kind}/{version}/card",
    summary="Read a model card",
    response_class=Response,
    responses={200: {"description": "The card.", "content": {_MARKDOWN: {"schema": {"type": "string"}}}}},
)
async def get_model_card(
    kind: ModelKind,
    version: VersionPath,
    _: ModelReader,
    scoring: RequestScoring,
) -> Response:
    """The card in Markdown: purpose, data, measured quality, sensitivity and limits of use."""
    return Response(await service.card(scoring, kind, version), media_type=_MARKDOWN)


@router.post("/{kind}/{version}/drift", status_code=202, summary="Report a model's drift")
async def report_drift(
    kind: ModelKind,
    version: VersionPath,
    subject: ModelMonitor,
    scoring: RequestScoring,
    trail: AuditTrail,
    response: Response,
) -> AcceptedJob:
    """Hands a job to the workers that holds the tenant's shared records against the population of the training.

    The report becomes the newest one of the version. The workers make one a day for each model that serves anyway.
    """
    return locate(response, await service.monitor(scoring, subject, trail, kind, version))


@router.put("/{kind}/active", summary="Promote a model version, or roll back")
async def promote_model(
    kind: ModelKind, body: VersionChoice, subject: ModelPromoter, scoring: RequestScoring, trail: AuditTrail
) -> ModelOut:
    """Makes a version the champion. Every process serves it within seconds; the earlier champion is retired.

    Naming an earlier champion rolls back to it.
    """
    return await service.promote(scoring, subject, trail, kind, body.version)


@router.put("/{kind}/challenger", summary="Choose the challenger")
async def choose_challenger(
    kind: ModelKind, body: ChallengerChoice, _: ModelPromoter, scoring: RequestScoring, trail: AuditTrail
) -> ModelList:
    """Scores a version beside the champion from now on, without effect on any prediction; null ends it."""
    return await service.challenge(scoring, trail, kind, body.version)
