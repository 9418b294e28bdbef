"""The routes that each kind of prediction has of its own: create, list, score again."""

from collections.abc import Callable
from typing import Any, TypeVar

from fastapi import APIRouter, Response

from accunode_common.http.app import api_router
from accunode_common.http.conditional import ETag, IfMatch
from accunode_common.http.page_reply import PageReply
from accunode_common.http.pagination import Paging
from accunode_common.http.session import SubjectSession
from accunode_common.http.trail import AuditTrail
from accunode_predictions.predictions import service
from accunode_predictions.predictions.filters import Order, PredictionFilters, PredictionPath
from accunode_predictions.predictions.forms import PredictionForm
from accunode_predictions.predictions.permissions import PredictionReader, PredictionWriter
from accunode_predictions.predictions.rendering import detail
from accunode_predictions.predictions.schemas import PredictionDetail, PredictionInput, Rescoring
from accunode_predictions.resources import RequestScoring

Handler = TypeVar("Handler", bound=Callable[..., Any])


def _reads(**types: Any) -> Callable[[Handler], Handler]:
    """Have FastAPI read these parameters as the form says: their classes are known when the router is made."""

    def annotate(handler: Handler) -> Handler:
        handler.__annotations__.update(types)
        return handler

    return annotate


def router_of_kind(form: PredictionForm) -> APIRouter:
    """The routes below `/predictions/{kind}`, with bodies, filters and answers of that kind."""
    kind = form.kind
    router = api_router(f"/predictions/{kind}", tag="predictions")

    @router.post(
        "",
        status_code=201,
        name=f"create_{kind}_prediction",
        response_model=form.detail,
        summary=f"Score {form.source} and store it",
        description=(
            f"Scores {form.inputs} with the model that serves, and stores the result.\n\n"
            f"A second prediction for the same company and {form.period} is a 409 that names the first; "
            "PUT scores that one again."
        ),
    )
    @_reads(body=form.new)
    async def create_prediction(
        body: PredictionInput,
        subject: PredictionWriter,
        scoring: RequestScoring,
        trail: AuditTrail,
        etag: ETag,
        response: Response,
    ) -> PredictionDetail:
        prediction, company, score = await service.create(scoring, subject, trail, kind, body)
        etag.tag(prediction.version)
        response.headers["Location"] = f"/api/v1/predictions/{kind}/{prediction.id}"
        return detail(prediction, company, score)

    @router.get("", name=f"list_{kind}_predictions", response_model=form.page, summary=f"List {form.several}")
    @_reads(filters=form.filters)
    async def list_predictions(
        filters: PredictionFilters, order: Order, paging: Paging, subject: PredictionReader, session: SubjectSession
    ) -> PageReply:
        """The caller's own records and its organization's; a tenant's administrator sees those of every one."""
        return PageReply(await service.page(session, subject, kind, filters, order, paging))

    @router.get(
        "/system",
        name=f"list_system_{kind}_predictions",
        response_model=form.page,
        summary=f"List the system's {form.several}",
    )
    @_reads(filters=form.filters)
    async def list_system_predictions(
        filters: PredictionFilters, order: Order, paging: Paging, subject: PredictionReader, session: SubjectSession
    ) -> PageReply:
        """The records that the platform shares; empty unless the caller's organization has sharing on."""
        return PageReply(await service.page(session, subject, kind, filters, order, paging, system=True))

    @router.put(
        "/{prediction_id}",
        name=f"rescore_{kind}_prediction",
        response_model=form.detail,
        summary=f"Score {form.one} again",
        description=(
            f"Scores with the model that serves now, with restated {form.restated} if given; "
            "the earlier version is kept."
        ),
    )
    @_reads(body=form.rescoring)
    async def rescore_prediction(
        prediction_id: PredictionPath,
        body: Rescoring,
        subject: PredictionWriter,
        scoring: RequestScoring,
        trail: AuditTrail,
        condition: IfMatch,
    ) -> PredictionDetail:
        prediction, company, score = await service.rescore(
            scoring, subject, trail, kind, prediction_id, body, condition
        )
        condition.tag(prediction.version)
        return detail(prediction, company, score)

    return router
