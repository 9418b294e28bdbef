"""Rescoring and stress runs over HTTP."""

from fastapi import Response

from accunode_common.http.app import api_router
from accunode_common.http.trail import AuditTrail
from accunode_predictions.jobs.schemas import AcceptedJob
from accunode_predictions.jobs.service import locate
from accunode_predictions.portfolio.analyses import service
from accunode_predictions.portfolio.analyses.schemas import RescoreRequest, StressRequest
from accunode_predictions.portfolio.permissions import PortfolioAnalyst, PortfolioRescorer
from accunode_predictions.resources import RequestScoring

router = api_router("/portfolio", tag="portfolio")


@router.post("/rescore", status_code=202, summary="Score the whole portfolio again")
async def rescore_portfolio(
    body: RescoreRequest, subject: PortfolioRescorer, scoring: RequestScoring, trail: AuditTrail, response: Response
) -> AcceptedJob:
    """Hands a job to the workers that scores every stored prediction of a kind that the caller may edit.

    Predictions that get another model version or grade keep their earlier version. The job's result counts both and
    compares the portfolio before and after; `POST /jobs/{id}/cancel` stops it within a batch, and what is done stays.
    """
    return locate(response, await service.rescore(scoring, subject, trail, body))


@router.post("/stress", status_code=202, summary="Stress the portfolio")
async def stress_portfolio(
    body: StressRequest, subject: PortfolioAnalyst, scoring: RequestScoring, trail: AuditTrail, response: Response
) -> AcceptedJob:
    """Hands a job to the workers that scores the caller's portfolio as it is and under a scenario of ratio shocks.

    Each company counts once, by its newest prediction of the kind. The job's result has counts by grade and risk level
    and the mean probability before and after, the moves between grades, and the twenty biggest movers. No prediction
    changes. Unless the filters ask for the organization's records only, nobody but the caller sees the job.
    """
    return locate(response, await service.stress(scoring, subject, trail, body))
