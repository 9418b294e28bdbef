"""A running application that uses everything the factory offers."""

import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from accunode_common.db.access import DatabaseRole
from accunode_common.settings import VerifierSettings
from accunode_common.testing.app import ServiceClient, running
from accunode_common.testing.database import TestDatabase
from accunode_common.testing.keys import TestIssuer
from accunode_common.testing.people import Caller
from accunode_common.testing.plugin import SettingsFactory

sys.path.insert(0, str(Path(__file__).parent))

from database_callers import Acting, ActingTransaction
from http_app import create_app


@pytest.fixture(scope="session")
async def things(make_settings: SettingsFactory, issuer: TestIssuer) -> AsyncIterator[ServiceClient]:
    """The application, in the role of the tenants service."""
    settings = make_settings(VerifierSettings, DatabaseRole.TENANTS, max_body_bytes=2048)
    async with running(create_app(settings, issuer.source)) as client:
        yield client


@pytest.fixture
def acting(test_database: TestDatabase) -> Acting:
    """One uncommitted transaction as a database role, for a caller."""

    def start(caller: Caller, role: DatabaseRole = DatabaseRole.AUTH, **settings: str) -> ActingTransaction:
        return ActingTransaction(test_database.url(role), caller, **settings)

    return start
