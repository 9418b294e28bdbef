"""An API process publishes what it answered, and its connections to PostgreSQL."""

import asyncio
from collections.abc import Sequence

import pytest
from http_app import create_app

from accunode_common import emf
from accunode_common.db.access import DatabaseRole
from accunode_common.db.session import AccessContext, Database
from accunode_common.http import publishing
from accunode_common.http.publishing import metric_line
from accunode_common.settings import DatabaseSettings, VerifierSettings
from accunode_common.telemetry import HttpMetrics
from accunode_common.testing.app import running
from accunode_common.testing.emf import checked, metric_lines
from accunode_common.testing.keys import TestIssuer
from accunode_common.testing.people import World
from accunode_common.testing.plugin import SettingsFactory

THINGS = "/api/v1/things"


async def test_a_service_publishes_its_requests_errors_and_times_without_those_of_machines(
    make_settings: SettingsFactory, issuer: TestIssuer, world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = make_settings(VerifierSettings, DatabaseRole.TENANTS, metrics="emf", metrics_environment="staging")
    async with running(create_app(settings, issuer.source)) as things:
        for _ in range(3):
            await things.as_(world.super_admin).get(f"{THINGS}/me")
        await things.http.get(f"{THINGS}/failure")
        await things.machinery("/health")
    published = metric_lines(capsys.readouterr().out)
    assert {(line["Environment"], line["Service"]) for line in published} == {("staging", "things")}
    # The minute may have turned.
    assert sum(line["Requests"] for line in published) == 4
    assert sum(line["ServerErrors"] for line in published) == 1
    assert sum(len(line.get("RequestMilliseconds", [])) for line in published) == 4


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
    metrics, printed = HttpMetrics("things"), asyncio.Event()
    write = emf.write

    def print_and_tell(lines: Sequence[str]) -> None:
        write(lines)
        printed.set()

    monkeypatch.setattr(emf, "write", print_and_tell)
    metrics.started()
    metrics.finished(method="GET", route="/things", status=200, seconds=0.1)
    async with publishing.publishing("production", "things", metrics, database.pool_use), asyncio.timeout(30):
        await printed.wait()
        first, *_ = metric_lines(capsys.readouterr().out)
    await database.close()
    assert first["Requests"] == 1


async def test_the_most_connections_of_the_minute_are_published(make_settings: SettingsFactory) -> None:
    settings = make_settings(DatabaseSettings, DatabaseRole.TENANTS, database_pool_size=1, database_pool_overflow=2)
    database, metrics = Database(settings, "test"), HttpMetrics("things")
    async with database.transaction(AccessContext()), database.transaction(AccessContext()):
        assert database.pool_use.now() == (2, 1)
    assert database.pool_use.now() == (0, 0)
    lines = [checked(metric_line("production", "things", metrics, database.pool_use)) for _ in range(2)]
    assert [(line["PoolInUse"], line["PoolOverflow"]) for line in lines] == [(2, 1), (0, 0)]
    await database.close()


async def test_prometheus_is_told_of_the_pool(make_settings: SettingsFactory, issuer: TestIssuer) -> None:
    settings = make_settings(VerifierSettings, DatabaseRole.TENANTS)
    async with running(create_app(settings, issuer.source)) as things:
        text = (await things.machinery("/metrics")).text
    assert 'accunode_database_pool_in_use{service="things"} 0.0' in text
    assert 'accunode_database_pool_overflow{service="things"} 0.0' in text
