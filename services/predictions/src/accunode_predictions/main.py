"""The application of a deployed process: `uvicorn --factory accunode_predictions.main:create`."""

from fastapi import FastAPI

from accunode_common.log import configure_logging
from accunode_predictions.app import SERVICE, create_app
from accunode_predictions.settings import PredictionsSettings


def create() -> FastAPI:
    """The application, configured from the environment.

    Raises:
        SettingsError: The environment lacks a setting, or holds a weak or malformed one.
    """
    settings = PredictionsSettings.from_environment()
    configure_logging(settings.log, service=SERVICE)
    return create_app(settings)
