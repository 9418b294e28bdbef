"""TLS to PostgreSQL and Redis: the server is verified by its authority and its name, and nothing else is taken."""

import json
import ssl
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg
import pytest
import redis
from kombu.exceptions import OperationalError as BrokerError
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from accunode_common import migrations
from accunode_common.db.access import DatabaseRole
from accunode_common.db.session import AccessContext, Database, SyncDatabase
from accunode_common.environment import SettingsError
from accunode_common.reach import ReachSettings, reach
from accunode_common.reach import main as reach_command
from accunode_common.redis_clients import async_client
from accunode_common.settings import DatabaseSettings, RedisSettings
from accunode_common.tasks.celery import create_celery
from accunode_common.tasks.messages import Queue
from accunode_common.testing.database import TestDatabase
from accunode_common.testing.tls import authority, tls_in_front_of
from accunode_credit.models import metadata

POSTGRES = "postgresql://accunode_auth:a-long-password@db:5432/accunode"
REDIS = "redis://:a-long-password@cache:6379/0"
FAULTS = ["another authority", "another name", "no TLS"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path


@contextmanager
def behind_tls(url: str, folder: Path, *, fault: str | None, postgres: bool) -> Iterator[tuple[str, Path]]:
    """The host and port of the server of `url` over TLS, and the file of the authority that clients trust."""
    own = authority(folder, "own")
    shown = authority(folder, "another") if fault == "another authority" else own
    context: ssl.SSLContext = shown.context("elsewhere.example" if fault == "another name" else "127.0.0.1")
    plain = urlsplit(url).port
    assert plain is not None
    with ExitStack() as stack:
        port = plain
        if fault != "no TLS":
            port = stack.enter_context(tls_in_front_of(plain, context, postgres=postgres))
        yield f"127.0.0.1:{port}", own.file


@contextmanager
def database_over_tls(
    database: TestDatabase, folder: Path, role: DatabaseRole, fault: str | None = None
) -> Iterator[str]:
    parts = urlsplit(database.url(role))
    with behind_tls(database.url(role), folder, fault=fault, postgres=True) as (place, trusted):
        credentials = f"{parts.username}:{parts.password}"
        yield f"postgresql://{credentials}@{place}{parts.path}?sslmode=verify-full&sslrootcert={trusted}"


@contextmanager
def redis_over_tls(address: Any, folder: Path, fault: str | None = None) -> Iterator[RedisSettings]:
    parts = urlsplit(address.url)
    with behind_tls(address.url, folder, fault=fault, postgres=False) as (place, trusted):
        url = f"rediss://:{parts.password or ''}@{place}{parts.path}?ssl_ca_certs={trusted}"
        yield RedisSettings(require_tls=True, url=url)


async def _ask_asynchronously(settings: DatabaseSettings) -> Any:
    database = Database(settings, "test")
    try:
        async with database.transaction(AccessContext()) as session:
            return await session.scalar(text("select 42"))
    finally:
        await database.close()


async def _ask_synchronously(settings: DatabaseSettings) -> Any:
    database = SyncDatabase(settings, "test")
    try:
        with database.transaction(AccessContext()) as session:
            return session.scalar(text("select 42"))
    finally:
        database.close()


@pytest.mark.parametrize("ask", [_ask_asynchronously, _ask_synchronously])
async def test_postgresql_is_reached_by_tls_when_its_certificate_is_right(
    test_database: TestDatabase, folder: Path, ask: Callable[[DatabaseSettings], Any]
) -> None:
    with database_over_tls(test_database, folder, DatabaseRole.AUTH) as url:
        assert await ask(DatabaseSettings.from_values({"database_require_tls": True, "database_url": url})) == 42
        with psycopg.connect(url) as connection:
            assert connection.pgconn.ssl_in_use


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("ask", [_ask_asynchronously, _ask_synchronously])
async def test_a_postgresql_server_that_cannot_be_verified_is_refused(
    test_database: TestDatabase, folder: Path, ask: Callable[[DatabaseSettings], Any], fault: str
) -> None:
    with database_over_tls(test_database, folder, DatabaseRole.AUTH, fault) as url:
        settings = DatabaseSettings.from_values({"database_require_tls": True, "database_url": url})
        with pytest.raises(OperationalError, match=r"certificate|SSL"):
            await ask(settings)


def test_migrations_run_over_tls(test_database: TestDatabase, folder: Path) -> None:
    with database_over_tls(test_database, folder, DatabaseRole.MIGRATOR) as url:
        migrations.check(url, metadata)


async def test_redis_is_reached_by_tls_when_its_certificate_is_right(redis_server: Any, folder: Path) -> None:
    with redis_over_tls(redis_server, folder) as settings:
        client = async_client(settings)
        assert await client.ping()
        await client.aclose()
        app = create_celery("test", settings)
        with app.connection_for_write() as connection:
            app.send_task("some.task", kwargs={"id": 1}, queue=Queue.MAINTENANCE.value, connection=connection)
            waiting = connection.SimpleQueue(app.amqp.queues[Queue.MAINTENANCE.value])
            message = waiting.get(timeout=10)
            message.ack()
            waiting.close()
        assert message.headers["task"] == "some.task"
        app.close()


@pytest.mark.parametrize("fault", FAULTS)
async def test_a_redis_server_that_cannot_be_verified_is_refused(redis_server: Any, folder: Path, fault: str) -> None:
    with redis_over_tls(redis_server, folder, fault) as settings:
        client = async_client(settings)
        # A server without TLS says nothing at all to a client that begins with it.
        with pytest.raises((redis.ConnectionError, redis.TimeoutError), match=r"certificate|SSL|Timeout"):
            await client.ping()
        await client.aclose()
        app = create_celery("test", settings)
        app.conf.broker_transport_options |= {"socket_timeout": 1, "socket_connect_timeout": 1}
        with app.connection_for_write() as connection, pytest.raises(BrokerError, match=r"certificate|SSL|Timeout"):
            connection.ensure_connection(max_retries=1, interval_start=0)
        app.close()


NOT_VERIFIED = ["", "?sslmode=disable", "?sslmode=prefer", "?sslmode=require", "?sslmode=verify-ca"]


@pytest.mark.parametrize("query", NOT_VERIFIED)
@pytest.mark.parametrize("asked", [{"ACCUNODE_ENVIRONMENT": "production"}, {"ACCUNODE_DATABASE_REQUIRE_TLS": "true"}])
def test_a_database_url_without_verification_is_refused_where_tls_is_required(
    monkeypatch: pytest.MonkeyPatch, query: str, asked: dict[str, str]
) -> None:
    monkeypatch.setenv("ACCUNODE_DATABASE_URL", POSTGRES + query)
    assert DatabaseSettings.from_environment().url.get_secret_value() == POSTGRES + query
    for name, value in asked.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError, match=r"ACCUNODE_DATABASE_URL: .*sslmode=verify-full") as refused:
        DatabaseSettings.from_environment()
    assert "a-long-password" not in str(refused.value)
    monkeypatch.setenv("ACCUNODE_DATABASE_REQUIRE_TLS", "false")
    assert DatabaseSettings.from_environment().require_tls is False


@pytest.mark.parametrize("asked", [{"ACCUNODE_ENVIRONMENT": "production"}, {"ACCUNODE_REDIS_REQUIRE_TLS": "true"}])
def test_a_redis_url_without_tls_is_refused_where_tls_is_required(
    monkeypatch: pytest.MonkeyPatch, asked: dict[str, str]
) -> None:
    monkeypatch.setenv("ACCUNODE_REDIS_URL", REDIS)
    for name, value in asked.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError, match=r"ACCUNODE_REDIS_URL: .*rediss://") as refused:
        RedisSettings.from_environment()
    assert "a-long-password" not in str(refused.value)
    monkeypatch.setenv("ACCUNODE_REDIS_REQUIRE_TLS", "false")
    assert RedisSettings.from_environment().url.get_secret_value() == REDIS


@pytest.mark.parametrize(
    "query",
    [
        "ssl_cert_reqs=none",
        "ssl_cert_reqs=CERT_NONE",
        "ssl_cert_reqs=optional",
        "ssl_check_hostname=false",
        "ssl_check_hostname=0",
        "ssl_ca_certs=/nowhere/ca.pem",
    ],
)
def test_a_redis_url_that_turns_verification_off_is_refused_everywhere(
    monkeypatch: pytest.MonkeyPatch, query: str
) -> None:
    monkeypatch.setenv("ACCUNODE_REDIS_URL", f"rediss://:a-long-password@cache:6379/0?{query}")
    with pytest.raises(SettingsError, match=query.split("=", maxsplit=1)[0]):
        RedisSettings.from_environment()


def test_an_authority_of_postgresql_that_is_not_there_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ACCUNODE_DATABASE_URL", f"{POSTGRES}?sslmode=verify-full&sslrootcert=/nowhere/ca.pem")
    with pytest.raises(SettingsError, match="sslrootcert"):
        DatabaseSettings.from_environment()


@pytest.mark.parametrize("setting", ["database_url", "admin_url"])
def test_reach_says_that_both_servers_answer_over_tls(
    test_database: TestDatabase, redis_server: Any, folder: Path, setting: str
) -> None:
    cache = folder / "cache"
    cache.mkdir()
    with (
        database_over_tls(test_database, folder, DatabaseRole.AUTH) as url,
        redis_over_tls(redis_server, cache) as redis_settings,
    ):
        found = reach(ReachSettings.from_values({setting: url, "redis_url": redis_settings.url}))
    assert {name: (server["reached"], server.get("tls")) for name, server in found.items()} == {
        "postgresql": (True, True),
        "redis": (True, True),
    }


def test_reach_ends_with_the_reason_and_without_the_password(
    test_database: TestDatabase, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ACCUNODE_DATABASE_URL", test_database.url(DatabaseRole.AUTH))
    monkeypatch.setenv("ACCUNODE_REDIS_URL", "redis://:a-long-password@127.0.0.1:9/0")
    assert reach_command() == 1
    told = capsys.readouterr()
    found = json.loads(told.out)
    assert found["postgresql"]["reached"] is True
    assert found["redis"]["reached"] is False
    assert "127.0.0.1:9" in found["redis"]["reason"]
    assert "a-long-password" not in told.out + told.err


@pytest.mark.parametrize("password", ["hunter2/x", "hunter2#x", "hunter2[x", "hunter2?x"])
def test_a_redis_url_that_cannot_be_read_is_one_sentence_without_its_password(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], password: str
) -> None:
    monkeypatch.setenv("ACCUNODE_DATABASE_URL", POSTGRES)
    monkeypatch.setenv("ACCUNODE_REDIS_URL", f"redis://:{password}@127.0.0.1:6379/0")
    assert reach_command() == 1
    told = capsys.readouterr()
    assert "ACCUNODE_REDIS_URL: Value error, has no readable host and port" in told.err
    assert "hunter2" not in told.out + told.err


def test_reach_shows_no_password_that_holds_a_space(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ACCUNODE_DATABASE_URL", "postgresql://accunode_auth:hunter2 x@127.0.0.1:9/accunode")
    monkeypatch.setenv("ACCUNODE_REDIS_URL", "redis://:y@127.0.0.1:9/0")
    assert reach_command() == 1
    told = capsys.readouterr()
    assert "refused" in json.loads(told.out)["postgresql"]["reason"].lower()
    assert "hunter2" not in told.out + told.err


def test_reach_without_any_database_is_one_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("ACCUNODE_DATABASE_URL", raising=False)
    monkeypatch.setenv("ACCUNODE_REDIS_URL", REDIS)
    assert reach_command() == 1
    assert "neither is ACCUNODE_ADMIN_URL" in capsys.readouterr().err
