"""The bulk-upload service."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from accunode_bulk_upload.events.limits import StreamLimits
from accunode_bulk_upload.events.router import router as events
from accunode_bulk_upload.jobs.router import router as jobs
from accunode_bulk_upload.resources import Resources
from accunode_bulk_upload.results.router import router as results
from accunode_bulk_upload.scaling.router import router as scaling
from accunode_bulk_upload.settings import BulkUploadSettings
from accunode_bulk_upload.templates.router import router as templates
from accunode_bulk_upload.uploads.router import router as uploads
from accunode_common.auth.jwks import KeySource
from accunode_common.http.app import create_service_app
from accunode_common.http.resources import CommonResources
from accunode_common.routing import API_PREFIX
from accunode_common.storage.open import open_storage
from accunode_scoring import ModelLibrary

SERVICE = "bulk-upload"
FORM_BYTES = 64 * 1024
"""What a multipart body may have beside the file."""


def create_app(settings: BulkUploadSettings, key_source: KeySource | None = None) -> FastAPI:
    """The service's application. It verifies the model files and the storage's address; nothing else is opened yet.

    Raises:
        ModelFilesError: The model files are missing, or differ from their manifest.
        StorageError: The storage cannot be used.
    """
    storage, models = open_storage(settings.storage.url), ModelLibrary.load(settings.models.folder)

    @asynccontextmanager
    async def open_resources(common: CommonResources) -> AsyncIterator[Resources]:
        streams = StreamLimits(settings.events.streams, settings.events.streams_per_person)
        yield Resources(**common.shared(), settings=settings, storage=storage, models=models, streams=streams)

    return create_service_app(
        SERVICE,
        settings,
        [templates, uploads, events, results, jobs, scaling],
        description="Uploads of many companies at once, their jobs and results, and how the workers are scaled.",
        body_limits={("POST", f"{API_PREFIX}/bulk-uploads"): settings.uploads.max_bytes + FORM_BYTES},
        key_source=key_source,
        open_resources=open_resources,
    )
