"""Workers and the relay reach PostgreSQL and Redis by TLS, and only servers that they can verify."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import redis

from accunode_common.db.access import DatabaseRole
from accunode_common.redis_clients import sync_client
from accunode_common.settings import DatabaseSettings, RedisSettings
from accunode_common.testing.database import TestDatabase
from accunode_common.testing.tls import authority, tls_in_front_of
from accunode_ml.startup import StartupError, await_postgres, await_redis


@contextmanager
def redis_named(name: str, address: Any, folder: Path) -> Iterator[RedisSettings]:
    """The Redis over TLS, with a certificate of that name."""
    trusted, parts = authority(folder, "ca"), urlsplit(address.url)
    assert parts.port is not None
    with tls_in_front_of(parts.port, trusted.context(name)) as port:
        url = f"rediss://:{parts.password or ''}@127.0.0.1:{port}{parts.path}?ssl_ca_certs={trusted.file}"
        yield RedisSettings(require_tls=True, url=url)


@contextmanager
def postgres_named(name: str, database: TestDatabase, folder: Path) -> Iterator[DatabaseSettings]:
    """The database over TLS, with a certificate of that name."""
    trusted, parts = authority(folder, "ca"), urlsplit(database.url(DatabaseRole.WORKER))
    assert parts.port is not None
    with tls_in_front_of(parts.port, trusted.context(name), postgres=True) as port:
        place = f"{parts.username}:{parts.password}@127.0.0.1:{port}{parts.path}"
        query = f"sslmode=verify-full&sslrootcert={trusted.file}"
        yield DatabaseSettings.from_values(
            {"database_require_tls": True, "database_url": f"postgresql://{place}?{query}"}
        )


def test_a_worker_starts_and_beats_over_tls(redis_server: Any, test_database: TestDatabase, tmp_path: Path) -> None:
    with redis_named("127.0.0.1", redis_server, tmp_path) as settings:
        await_redis(settings, seconds=10)
        with sync_client(settings) as client:
            assert client.ping()
    with postgres_named("127.0.0.1", test_database, tmp_path) as database:
        await_postgres(database, seconds=10)


def test_a_worker_does_not_start_with_servers_of_another_name(
    redis_server: Any, test_database: TestDatabase, tmp_path: Path
) -> None:
    with redis_named("elsewhere.example", redis_server, tmp_path) as settings:
        with pytest.raises(StartupError, match=r"certificate"):
            await_redis(settings, seconds=0)
        with sync_client(settings) as client, pytest.raises(redis.ConnectionError, match=r"certificate"):
            client.ping()
    with (
        postgres_named("elsewhere.example", test_database, tmp_path) as database,
        pytest.raises(StartupError, match=r"certificate"),
    ):
        await_postgres(database, seconds=0)
