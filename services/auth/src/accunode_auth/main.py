"""The process: `uvicorn --factory accunode_auth.main:create`."""

from fastapi import FastAPI

from accunode_auth.app import create_app
from accunode_auth.settings import AuthSettings
from accunode_common.log import configure_logging


def create() -> FastAPI:
    """The application, set up by the environment.

    Raises:
        SettingsError: The environment is not usable.
    """
    settings = AuthSettings.from_environment()
    configure_logging(settings.log, service="auth")
    return create_app(settings)
