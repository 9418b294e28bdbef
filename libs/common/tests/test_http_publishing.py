"""An API process publishes what it answered, and its connections to PostgreSQL."""

import asyncio
from collections.abc import Sequence

import pytest
from http_app import create_app

from accunode_common import emf
from accunode_common.db.access import DatabaseRole
from accunode_common.db.session import AccessContext, Database
from accunode_common.emf import MetricsScope
from accunode_common.http import publishing
from accunode_common.http.publishing import metric_line
from accunode_common.settings import DatabaseSettings, VerifierSettings
from accunode_common.testing.app import running
from accunode_common.testing.emf import checked, metric_lines
from accunode_common.testing.keys import TestIssuer
from accunode_common.testing.plugin import SettingsFactory

THINGS = "/api/v1/things"


@pytest.mark.parametrize(("metrics", "service"), [("emf", "things"), ("emf-essential", None)])
async def test_a_service_publishes_its_connections_as_its_own_or_as_one_of_all(
    metrics: str,
    service: str | None,
    make_settings: SettingsFactory,
    issuer: TestIssuer,
    capsys: pytest.CaptureFixture[str],
) -> None:
    settings = make_settings(VerifierSettings, DatabaseRole.TENANTS, metrics=metrics, metrics_environment="staging")
    async with running(create_app(settings, issuer.source)) as things:
        await things.http.get(f"{THINGS}/public")
    published = metric_lines(capsys.readouterr().out)
    assert {(line["Environment"], line.get("Service")) for line in published} == {("staging", service)}
    assert all(("PoolOverflow" in line) is (service is not None) for line in published)


async def test_a_service_that_is_not_told_to_publishes_nothing(
    make_settings: SettingsFactory, issuer: TestIssuer, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = make_settings(VerifierSettings, DatabaseRole.TENANTS)
    async with running(create_app(settings, issuer.source)) as things:
        await things.http.get(f"{THINGS}/public")
    assert metric_lines(capsys.readouterr().out) == []


async def test_a_line_is_printed_at_the_turn_of_a_minute(
    make_settings: SettingsFactory, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """With minutes of a fifth of a second."""
    monkeypatch.setattr("accunode_common.emf.MINUTE_SECONDS", 0.2)
    monkeypatch.setattr(publishing, "MINUTE_SECONDS", 0.2)
    database = Database(make_settings(DatabaseSettings, DatabaseRole.TENANTS), "test")
    printed = asyncio.Event()
    write = emf.write

    def print_and_tell(lines: Sequence[str]) -> None:
        write(lines)
        printed.set()

    monkeypatch.setattr(emf, "write", print_and_tell)
    async with publishing.publishing(MetricsScope("production"), "things", database.pool_use), asyncio.timeout(30):
        await printed.wait()
        first, *_ = metric_lines(capsys.readouterr().out)
    await database.close()
    assert first["PoolInUse"] == 0


async def test_the_most_connections_of_the_minute_are_published(make_settings: SettingsFactory) -> None:
    settings = make_settings(DatabaseSettings, DatabaseRole.TENANTS, database_pool_size=1, database_pool_overflow=2)
    database = Database(settings, "test")
    async with database.transaction(AccessContext()), database.transaction(AccessContext()):
        assert database.pool_use.now() == (2, 1)
    assert database.pool_use.now() == (0, 0)
    lines = [checked(metric_line(MetricsScope("production"), "things", database.pool_use)) for _ in range(2)]
    assert [(line["PoolInUse"], line["PoolOverflow"]) for line in lines] == [(2, 1), (0, 0)]
    await database.close()


async def test_prometheus_is_told_of_the_pool(make_settings: SettingsFactory, issuer: TestIssuer) -> None:
    settings = make_settings(VerifierSettings, DatabaseRole.TENANTS)
    async with running(create_app(settings, issuer.source)) as things:
        text = (await things.machinery("/metrics")).text
    assert 'accunode_database_pool_in_use{service="things"} 0.0' in text
    assert 'accunode_database_pool_overflow{service="things"} 0.0' in text
