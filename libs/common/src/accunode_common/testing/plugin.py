"""Fixtures for the tests of every service. It needs the `accunode_devstack.pytest_plugin` fixtures.

A test makes its own tenants and people (`world`), so nothing is cleaned up and tests never meet.
"""

from collections.abc import AsyncIterator, Iterator, Mapping
from typing import Any, Protocol, Self, TypeVar
from uuid import UUID

import psycopg
import pytest
import structlog

from accunode_common.auth.revocation import Revocations
from accunode_common.auth.roles import Role
from accunode_common.db.access import DatabaseRole
from accunode_common.db.session import AccessContext, Database
from accunode_common.log import console_renderer, redact_secrets
from accunode_common.models.revocations import RevocationKind, member_id
from accunode_common.redis_clients import async_client
from accunode_common.settings import ApiSettings
from accunode_common.testing.database import DatabaseTemplate, TestDatabase, migrated_template
from accunode_common.testing.keys import TestIssuer
from accunode_common.testing.people import Caller, World, WorldMaker


class FromValues(Protocol):
    """A class of settings: of one concern, or of a process."""

    @classmethod
    def from_values(cls, values: Mapping[str, Any]) -> Self:
        """Take the settings from `values`."""


AnySettings = TypeVar("AnySettings", bound=FromValues)


def pytest_configure() -> None:
    """Log to the test's output, with plain tracebacks."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            redact_secrets,
            console_renderer(colors=False),
        ],
        logger_factory=structlog.PrintLoggerFactory(),
        wrapper_class=structlog.BoundLogger,
        cache_logger_on_first_use=False,
    )


@pytest.fixture(scope="session")
def database_template(postgres_server: Any) -> DatabaseTemplate:
    """A database migrated to head, to copy."""
    return migrated_template(postgres_server.admin_url)


@pytest.fixture(scope="session")
def test_database(database_template: DatabaseTemplate) -> Iterator[TestDatabase]:
    """A database migrated to head, for the whole test session."""
    with database_template.copy() as database:
        yield database


@pytest.fixture(scope="session")
def issuer() -> TestIssuer:
    """The key that signs the callers' tokens; give `issuer.source` to the application under test."""
    return TestIssuer()


@pytest.fixture(scope="session")
def superuser(test_database: TestDatabase) -> Iterator[psycopg.Connection]:
    """A superuser's connection in autocommit mode, for arranging and for looking behind row-level security."""
    with psycopg.connect(test_database.admin_url, autocommit=True) as connection:
        yield connection


@pytest.fixture(scope="session")
def world_maker(superuser: psycopg.Connection, issuer: TestIssuer) -> WorldMaker:
    """Makes tenants and people."""
    return WorldMaker(superuser, issuer)


@pytest.fixture
def world(world_maker: WorldMaker) -> World:
    """Two fresh tenants with a caller of every role."""
    return world_maker.world()


@pytest.fixture(params=list(Role), ids=str)
def caller(request: pytest.FixtureRequest, world: World) -> Caller:
    """A caller of each role in turn."""
    return world.by_role(request.param)


class SettingsFactory:
    """Settings for the test servers: `settings(MySettings, DatabaseRole.TENANTS, other=...)`."""

    def __init__(self, database: TestDatabase, redis_url: str) -> None:
        self._database = database
        self._redis_url = redis_url

    def __call__(self, kind: type[AnySettings], role: DatabaseRole, **values: Any) -> AnySettings:
        """Settings of that kind for the service whose database role is `role`."""
        known = {
            "database_url": self._database.url(role),
            "redis_url": self._redis_url,
            "jwks_url": "http://127.0.0.1:9/unused",
            "database_pool_size": 5,
            "rate_limit_requests": 100_000,
            **values,
        }
        return kind.from_values(known)


@pytest.fixture(scope="session")
def make_settings(test_database: TestDatabase, redis_server: Any) -> SettingsFactory:
    """Makes settings for the test servers."""
    return SettingsFactory(test_database, redis_server.url)


class Revoker:
    """Makes tokens void, as a service would."""

    def __init__(self, database: Database, revocations: Revocations) -> None:
        self.database = database
        self.revocations = revocations

    async def revoke(self, kind: RevocationKind, *ids: UUID) -> None:
        """In a transaction of its own."""
        async with self.database.transaction(AccessContext()) as session:
            await self.revocations.make_void(session, kind, ids)

    async def revoke_member(self, tenant_id: UUID, user_id: UUID) -> None:
        """In a transaction of its own."""
        async with self.database.transaction(AccessContext()) as session:
            ids = [member_id(tenant_id, user_id)]
            await self.revocations.make_void(session, RevocationKind.MEMBER, ids, holders=[user_id])


@pytest.fixture
async def revoker(make_settings: SettingsFactory) -> AsyncIterator[Revoker]:
    """Makes tokens void in every application of the test."""
    settings = make_settings(ApiSettings, DatabaseRole.AUTH)
    database, redis = Database(settings.database, "accunode-test"), async_client(settings.redis)
    revocations = Revocations(redis, database)
    yield Revoker(database, revocations)
    await revocations.close()
    await redis.aclose()
    await database.close()
