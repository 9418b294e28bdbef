"""Hands rescoring and stress runs to the workers."""

from accunode_common.auth.subject import Subject
from accunode_common.http.trail import Trail
from accunode_common.models.columns import AccessLevel
from accunode_common.tasks.messages import Queue
from accunode_credit.models.bulk import JobType
from accunode_predictions.jobs import service as jobs
from accunode_predictions.jobs.schemas import AcceptedJob
from accunode_predictions.jobs.service import NewJob
from accunode_predictions.models import service as models
from accunode_predictions.portfolio.analyses.schemas import RescoreRequest, StressRequest
from accunode_predictions.serving.service import Scoring


async def rescore(scoring: Scoring, subject: Subject, trail: Trail, body: RescoreRequest) -> AcceptedJob:
    """Have every stored prediction that the caller may edit scored again.

    Raises:
        UnprocessableInputError: There is no such version, or its files are not at hand.
    """
    wanted = NewJob(
        type=JobType.RESCORE,
        kind=body.kind,
        model_version=await models.usable_version(scoring, body.kind, body.model_version),
        shared=True,
        queue=Queue.BULK,
    )
    return await jobs.submit(scoring.session, subject, trail, "portfolio.rescore", wanted)


async def stress(scoring: Scoring, subject: Subject, trail: Trail, body: StressRequest) -> AcceptedJob:
    """Have a portfolio scored under a scenario: for members, their organization's if they do not ask for another.

    Raises:
        UnprocessableInputError: There is no such version, or its files are not at hand.
    """
    shocks = {shock.ratio: shock.model_dump(mode="json", include={"operation", "value"}) for shock in body.shocks}
    member = subject.organization_id is not None
    level = body.filters.access_level or (AccessLevel.ORGANIZATION if member else None)
    filters = {**body.filters.model_dump(mode="json"), "access_level": level}
    wanted = NewJob(
        type=JobType.STRESS,
        kind=body.kind,
        model_version=await models.usable_version(scoring, body.kind, body.model_version),
        parameters={"name": body.name, "shocks": shocks, "filters": filters},
        # The result names companies: if personal records are among them, it is the caller's own.
        shared=level is AccessLevel.ORGANIZATION,
        queue=Queue.INTERACTIVE,
    )
    return await jobs.submit(scoring.session, subject, trail, "portfolio.stress", wanted)
