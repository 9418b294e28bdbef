"""Session fixtures: a real PostgreSQL and a real Redis for the tests of every distribution.

Each pytest process has servers of its own, so tests in parallel processes never meet. `DATABASE_URL` and `REDIS_URL`
name servers to use instead; then there is a single process.
"""

import os
from collections.abc import Generator, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from accunode_devstack.postgres import require_version as require_postgres
from accunode_devstack.redis import require_version as require_redis
from accunode_devstack.surroundings import absent
from accunode_devstack.throwaway import throwaway_postgres, throwaway_redis


@pytest.hookimpl(optionalhook=True, wrapper=True)
def pytest_xdist_auto_num_workers() -> Generator[None, int, int]:
    """One process where the tests are given servers, which processes would share.

    Else one more than there are processors, as tests also wait: for containers, leases and processes that start.
    """
    processors = yield
    return 1 if os.environ.get("DATABASE_URL") or os.environ.get("REDIS_URL") else processors + 1


@dataclass(frozen=True)
class PostgresAddress:
    """Where the PostgreSQL for the tests is; `admin_url` signs in as its superuser."""

    host: str
    port: int
    admin_url: str = field(repr=False)

    def url(self, *, user: str, password: str, database: str, scheme: str = "postgresql") -> str:
        """The address for another role and database."""
        return f"{scheme}://{user}:{password}@{self.host}:{self.port}/{database}"


@dataclass(frozen=True)
class RedisAddress:
    url: str = field(repr=False)


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real accounts beside the checkout, or where `ACCUNODE_SHARED_DATA` says.

    A clone elsewhere has none.
    """
    folder = Path(os.environ.get("ACCUNODE_SHARED_DATA", "../shared/data")).resolve()
    if not (folder / "README.md").is_file():
        absent(f"there are no real accounts in {folder}; ACCUNODE_SHARED_DATA names another folder")
    return folder


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresAddress]:
    """A PostgreSQL server without databases of its own."""
    if given := os.environ.get("DATABASE_URL"):
        require_postgres(given)
        parts = urlsplit(given)
        yield PostgresAddress(parts.hostname or "127.0.0.1", parts.port or 5432, given)
        return
    with throwaway_postgres() as server:
        parts = urlsplit(server.admin_url)
        yield PostgresAddress(str(parts.hostname), server.port, server.admin_url)


@pytest.fixture(scope="session")
def redis_server() -> Iterator[RedisAddress]:
    """An empty Redis server."""
    if given := os.environ.get("REDIS_URL"):
        require_redis(given)
        yield RedisAddress(given)
        return
    with throwaway_redis() as redis_server:
        yield RedisAddress(redis_server.url)
