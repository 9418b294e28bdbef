"""The predictions service."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from accunode_common.auth.jwks import KeySource
from accunode_common.http.app import create_service_app
from accunode_common.http.resources import CommonResources
from accunode_predictions.companies.router import router as companies
from accunode_predictions.models.router import router as model_versions
from accunode_predictions.outcomes.csv_file import FILES_AT_ONCE
from accunode_predictions.outcomes.router import router as outcomes
from accunode_predictions.portfolio.analyses.router import router as analyses
from accunode_predictions.portfolio.router import router as portfolio
from accunode_predictions.predictions.explanations.router import router as explanations
from accunode_predictions.predictions.exports.router import router as exports
from accunode_predictions.predictions.forms import FORMS
from accunode_predictions.predictions.router import router as predictions
from accunode_predictions.predictions.router_of_kind import router_of_kind
from accunode_predictions.predictions.simulations.router import router as simulations
from accunode_predictions.predictions.statistics.router import router as statistics
from accunode_predictions.predictions.what_if.router import router as what_if
from accunode_predictions.resources import Resources
from accunode_predictions.serving.service import ServingModels
from accunode_predictions.settings import PredictionsSettings

SERVICE = "predictions"


def create_app(settings: PredictionsSettings, key_source: KeySource | None = None) -> FastAPI:
    """The service's application. It reads and verifies the model files; nothing else is opened yet.

    Raises:
        ModelFilesError: The model files are missing, or differ from their manifest.
    """
    models = ServingModels(settings.models.folder)
    models.warm()

    @asynccontextmanager
    async def open_resources(common: CommonResources) -> AsyncIterator[Resources]:
        await models.enter_versions_if_possible(common.database)
        readers = asyncio.Semaphore(FILES_AT_ONCE)
        yield Resources(**common.shared(), settings=settings, models=models, file_readers=readers)

    return create_service_app(
        SERVICE,
        settings,
        [
            outcomes,
            companies,
            *map(router_of_kind, FORMS),
            simulations,
            what_if,
            statistics,
            exports,
            predictions,
            explanations,
            portfolio,
            analyses,
            model_versions,
        ],
        description="Companies, probabilities of default with their explanations, the portfolio and the models. The "
        "probabilities count filings for bankruptcy in the United States; a default of Basel (90 days past due, or "
        "unlikely to pay) is several times as frequent. A tenant brings them to a long-run default rate of its own by "
        "`PUT /api/v1/tenants/{id}/central-tendencies/{kind}`.",
        key_source=key_source,
        open_resources=open_resources,
    )
