"""Migrations run up, down and up again, say when the models drift, and never wait long for a lock."""

import threading
from collections.abc import Iterator

import psycopg
import pytest
from sqlalchemy import inspect
from sqlalchemy.exc import OperationalError

from accunode_common import migrations
from accunode_common.db.access import DatabaseRole
from accunode_common.ids import PLATFORM_TENANT_ID
from accunode_common.migrations import __main__ as command_line
from accunode_common.models import SCHEMAS
from accunode_common.names import name_key
from accunode_common.testing.database import TestDatabase, migrated_database
from accunode_devstack.throwaway import throwaway_postgres

MIGRATION_LOCK = 0x4ACC1


@pytest.fixture(scope="module")
def own_server() -> Iterator[str]:
    """A server of its own, as bootstrapping another database resets the roles' passwords."""
    with throwaway_postgres() as server:
        yield server.admin_url


@pytest.fixture
def database(own_server: str) -> Iterator[TestDatabase]:
    with migrated_database(own_server) as made:
        yield made


def schemas(database: TestDatabase) -> set[str]:
    engine = migrations.configuration(database.url(DatabaseRole.MIGRATOR)).attributes["engine"]
    with engine.connect() as connection:
        return set(inspect(connection).get_schema_names()) & set(SCHEMAS)


def test_down_to_nothing_and_up_again(database: TestDatabase) -> None:
    url = database.url(DatabaseRole.MIGRATOR)
    assert schemas(database) == set(SCHEMAS)

    migrations.downgrade(url, "base")
    assert schemas(database) == set()

    migrations.upgrade(url)
    assert schemas(database) == set(SCHEMAS)
    migrations.check(url)
    migrations.upgrade(url)


def test_the_platform_tenant_is_there_from_the_start(database: TestDatabase) -> None:
    with psycopg.connect(database.admin_url) as connection:
        assert connection.execute("select id, slug from tenancy.tenants").fetchall() == [
            (PLATFORM_TENANT_ID, "platform")
        ]


def test_every_service_can_read_the_revision(database: TestDatabase) -> None:
    for role, url in database.urls.items():
        if role is not DatabaseRole.MIGRATOR:
            with psycopg.connect(url) as connection:
                found = connection.execute("select version_num from public.alembic_version").fetchone()
            assert found == (migrations.head(),), role


def test_a_drift_from_the_models_is_told(
    database: TestDatabase, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with psycopg.connect(database.admin_url, autocommit=True) as connection:
        connection.execute("alter table credit.companies drop column currency")
    monkeypatch.setenv("ACCUNODE_MIGRATOR_URL", database.url(DatabaseRole.MIGRATOR))
    monkeypatch.setattr("sys.argv", ["accunode-migrations", "check"])
    assert command_line.main() == 1
    assert "currency" in capsys.readouterr().err


def test_two_migrations_at_once_run_one_after_the_other(database: TestDatabase) -> None:
    url = database.url(DatabaseRole.MIGRATOR)
    migrations.downgrade(url, "base")
    finished = threading.Event()

    def migrate() -> None:
        migrations.upgrade(url)
        finished.set()

    with psycopg.connect(database.admin_url) as holder:
        holder.execute("select pg_advisory_xact_lock(%s)", [MIGRATION_LOCK])
        runner = threading.Thread(target=migrate)
        runner.start()
        assert not finished.wait(1)
        holder.rollback()
    runner.join(60)
    assert finished.is_set()


def test_a_migration_gives_up_rather_than_wait_behind_a_lock(database: TestDatabase) -> None:
    with psycopg.connect(database.admin_url) as holder:
        holder.execute("lock table credit.predictions in access share mode")
        with pytest.raises(OperationalError, match="lock timeout"):
            migrations.downgrade(database.url(DatabaseRole.MIGRATOR), "base")
    assert schemas(database) == set(SCHEMAS)


def test_an_unreachable_database_is_one_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ACCUNODE_MIGRATOR_URL", "postgresql://accunode_migrator:not-there@127.0.0.1:9/accunode")
    monkeypatch.setattr("sys.argv", ["accunode-migrations", "upgrade"])
    assert command_line.main() == 1
    assert capsys.readouterr().err.startswith("The database cannot be reached:")


def test_tenants_that_share_a_name_are_numbered_and_then_names_are_unique(database: TestDatabase) -> None:
    url = database.url(DatabaseRole.MIGRATOR)
    migrations.downgrade(url, "0004")
    names = ["First Bank", "FIRST  bank", "First Bank (2)", "Other Bank", "First Bank"]
    with psycopg.connect(database.admin_url, autocommit=True) as connection:
        for number, name in enumerate(names):
            connection.execute(
                "insert into tenancy.tenants (id, name, slug, created_at, deleted_at)"
                " values (gen_random_uuid(), %s, %s, now() + %s * interval '1 hour', %s)",
                [name, f"bank-{number}", number, "2026-01-01" if number == 4 else None],
            )
    migrations.upgrade(url)
    with psycopg.connect(database.admin_url, autocommit=True) as connection:
        found = connection.execute("select name, name_key from tenancy.tenants order by created_at").fetchall()
        again = "insert into tenancy.tenants (id, name, name_key, slug) values (gen_random_uuid(), 'x', %s, 'x')"
        with pytest.raises(psycopg.errors.UniqueViolation):
            connection.execute(again, ["first bank"])
    assert [name for name, _ in found] == [
        "Platform",
        "First Bank",
        "FIRST  bank (2)",
        "First Bank (2) (2)",
        "Other Bank",
        "First Bank",
    ]
    assert [key for _, key in found] == [name_key(name) for name, _ in found]
