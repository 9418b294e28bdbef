"""The bulk-upload service over the test servers, and what the workers would leave behind."""

import sys
from collections.abc import AsyncIterator
from pathlib import Path

import psycopg
import pytest
from redis.asyncio import Redis

from accunode_bulk_upload.app import create_app
from accunode_bulk_upload.settings import BulkUploadSettings
from accunode_common.db.access import DatabaseRole
from accunode_common.redis_clients import async_client
from accunode_common.settings import RedisSettings
from accunode_common.testing.app import ServiceClient, running
from accunode_common.testing.keys import TestIssuer
from accunode_common.testing.plugin import SettingsFactory

sys.path.insert(0, str(Path(__file__).parent))

from upload_world import Uploads


@pytest.fixture(scope="session")
def objects(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the service stores files."""
    return tmp_path_factory.mktemp("objects")


@pytest.fixture(scope="session")
async def api(make_settings: SettingsFactory, issuer: TestIssuer, objects: Path) -> AsyncIterator[ServiceClient]:
    """The running service."""
    settings = make_settings(
        BulkUploadSettings,
        DatabaseRole.BULK,
        storage_url=objects.as_uri(),
        max_upload_bytes=100_000,
        event_poll_seconds=0.02,
        event_silence_seconds=0.1,
        event_streams_per_person=2,
    )
    async with running(create_app(settings, key_source=issuer.source)) as client:
        yield client


@pytest.fixture(scope="session")
async def redis(make_settings: SettingsFactory) -> AsyncIterator[Redis]:
    """The services' Redis."""
    client = async_client(make_settings(RedisSettings, DatabaseRole.BULK))
    yield client
    await client.aclose()


@pytest.fixture
def uploads(api: ServiceClient, superuser: psycopg.Connection, objects: Path) -> Uploads:
    """Sends files, and plays the workers' part."""
    return Uploads(api, superuser, objects)
