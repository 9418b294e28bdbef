"""The process: `uvicorn --factory accunode_tenants.main:create`."""

from fastapi import FastAPI

from accunode_common.log import configure_logging
from accunode_tenants.app import SERVICE, create_app
from accunode_tenants.settings import TenantsSettings


def create() -> FastAPI:
    """The application, set up by the environment.

    Raises:
        SettingsError: The environment is not usable.
    """
    settings = TenantsSettings.from_environment()
    configure_logging(settings.log, service=SERVICE)
    return create_app(settings)
