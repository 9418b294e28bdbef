"""The application of a deployed process: `uvicorn --factory accunode_bulk_upload.main:create`."""

from fastapi import FastAPI

from accunode_bulk_upload.app import SERVICE, create_app
from accunode_bulk_upload.settings import BulkUploadSettings
from accunode_common.log import configure_logging


def create() -> FastAPI:
    """The application, configured from the environment.

    Raises:
        SettingsError: The environment lacks a setting, or holds a weak or malformed one.
    """
    settings = BulkUploadSettings.from_environment()
    configure_logging(settings.log, service=SERVICE)
    return create_app(settings)
