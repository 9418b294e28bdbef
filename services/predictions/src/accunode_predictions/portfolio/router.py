"""The portfolio over HTTP."""

from typing import Annotated

from fastapi import Query, Response

from accunode_common.http.app import api_router
from accunode_predictions.portfolio import service
from accunode_predictions.portfolio.permissions import PortfolioAnalyst, PortfolioReader
from accunode_predictions.portfolio.schemas import Dashboard, Migration, MigrationQuery
from accunode_predictions.resources import AppResources, RequestScoring
from accunode_scoring import Kind

router = api_router("/portfolio", tag="portfolio")


@router.get("/dashboard", summary="Show the portfolio at a glance", response_model=Dashboard)
async def get_portfolio_dashboard(
    subject: PortfolioReader,
    scoring: RequestScoring,
    app: AppResources,
    kind: Annotated[Kind, Query(description="Whose predictions are shown.")] = Kind.ANNUAL,
) -> Response:
    """All that the dashboard shows in one answer; it can be half a minute old."""
    return Response(await service.dashboard(scoring, app.redis, subject, kind), media_type="application/json")


@router.get("/migration", summary="Show how companies moved between two periods")
async def get_portfolio_migration(
    query: Annotated[MigrationQuery, Query()], subject: PortfolioAnalyst, scoring: RequestScoring
) -> Migration:
    """The transition matrix of grades, or of risk levels, between two periods."""
    return await service.migration(scoring, subject, query)
