"""The predictions service."""

from fastapi import FastAPI

from accunode_common.auth.jwks import KeySource
from accunode_common.http.app import create_service_app
from accunode_predictions.companies.router import router as companies
from accunode_predictions.predictions.annual import router as annual
from accunode_predictions.predictions.quarterly import router as quarterly
from accunode_predictions.predictions.router import router as predictions
from accunode_predictions.serving import ServingModels
from accunode_predictions.settings import PredictionsSettings
from accunode_scoring import ModelLibrary

SERVICE = "predictions"


def create_app(settings: PredictionsSettings, *, key_source: KeySource | None = None) -> FastAPI:
    """The service's application. It reads and verifies the model files; nothing else is opened yet.

    Raises:
        ModelFilesError: The model files are missing, or differ from their manifest.
    """
    models = ServingModels(ModelLibrary.load(settings.models_dir))
    models.warm()
    app = create_service_app(
        SERVICE,
        settings,
        [companies, annual, quarterly, predictions],
        description="Companies, probabilities of default with their explanations, the portfolio and the models.",
        key_source=key_source,
    )
    app.state.models = models
    return app
