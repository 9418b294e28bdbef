"""The preparation runs where the administrator is no superuser, as on servers that a cloud runs."""

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg import sql
from sqlalchemy.engine import make_url

from accunode_common import migrations
from accunode_common.db.access import LOGIN_ROLES, DatabaseRole
from accunode_common.db.bootstrap import bootstrap, role_url
from accunode_common.db.session import libpq_url
from accunode_common.migrations.prepare import PrepareError, PrepareSettings, prepare
from accunode_devstack.postgres import PostgresServer
from accunode_devstack.throwaway import throwaway_postgres

DATABASE = "accunode"
PASSWORD = "a-master-password"


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    with throwaway_postgres() as server:
        yield server


@pytest.fixture(scope="module")
def owner(server: PostgresServer) -> Iterator[psycopg.Connection]:
    """The superuser, whom a cloud keeps for itself."""
    with psycopg.connect(libpq_url(server.admin_url), autocommit=True) as connection:
        yield connection


@pytest.fixture(scope="module")
def administrator(server: PostgresServer, owner: psycopg.Connection) -> str:
    """The URL of the only role that a cloud gives: it makes roles and databases, and bypasses nothing."""
    # As RDS makes its master user.
    attributes = f"LOGIN NOSUPERUSER INHERIT CREATEDB CREATEROLE NOREPLICATION NOBYPASSRLS PASSWORD '{PASSWORD}'"
    owner.execute(f"CREATE ROLE master {attributes}")
    return libpq_url(make_url(server.admin_url).set(username="master", password=PASSWORD))


def passwords(series: str) -> dict[str, str]:
    return {role.value: f"{role}-{series}" for role in LOGIN_ROLES}


def test_it_prepares_migrates_and_prepares_again_with_other_passwords(administrator: str) -> None:
    for series in ("first", "second"):
        bootstrap(administrator, DATABASE, passwords(series))
        migrator = passwords(series)[DatabaseRole.MIGRATOR]
        migrations.upgrade(role_url(administrator, DATABASE, DatabaseRole.MIGRATOR, migrator))

    for role in LOGIN_ROLES:
        with psycopg.connect(role_url(administrator, DATABASE, role, passwords("second")[role])) as connection:
            assert connection.execute("SELECT current_user").fetchone() == (role.value,)


def test_a_database_that_was_made_with_the_server_becomes_the_migrators(administrator: str) -> None:
    with psycopg.connect(administrator, autocommit=True) as connection:
        connection.execute("CREATE DATABASE made_before")

    for _ in range(2):
        bootstrap(administrator, "made_before", passwords("first"))
        migrator = role_url(
            administrator, "made_before", DatabaseRole.MIGRATOR, passwords("first")["accunode_migrator"]
        )
        migrations.upgrade(migrator)

    with psycopg.connect(migrator) as connection:
        assert connection.execute("SELECT version_num FROM public.alembic_version").fetchone() == (migrations.head(),)


def test_it_takes_back_what_a_role_was_given_beside_it(administrator: str) -> None:
    bootstrap(administrator, DATABASE, passwords("first"))
    with psycopg.connect(administrator, autocommit=True) as connection:
        connection.execute(sql.SQL("ALTER ROLE {} CREATEDB").format(sql.Identifier(DatabaseRole.AUTH)))

    bootstrap(administrator, DATABASE, passwords("first"))

    with psycopg.connect(administrator) as connection:
        query = "SELECT rolcreatedb FROM pg_roles WHERE rolname = %s"
        assert connection.execute(query, [DatabaseRole.AUTH]).fetchone() == (False,)


def test_a_role_that_somebody_else_made_is_named_with_what_to_do(administrator: str, owner: psycopg.Connection) -> None:
    settings = PrepareSettings(admin_url=administrator, role_passwords=passwords("first"))
    prepare(settings)
    role = sql.Identifier(DatabaseRole.RELAY)
    owner.execute(sql.SQL("REVOKE {} FROM master CASCADE").format(role))

    with pytest.raises(PrepareError, match=r"accunode_relay.* GRANT it TO master WITH ADMIN OPTION") as told:
        prepare(settings)

    assert PASSWORD not in str(told.value)
    owner.execute(sql.SQL("GRANT {} TO master WITH ADMIN OPTION").format(role))
    assert prepare(settings) == migrations.head()


def test_a_server_that_writes_down_every_statement_learns_no_password(
    administrator: str, owner: psycopg.Connection
) -> None:
    owner.execute("ALTER ROLE master SET log_statement = 'all'")
    bootstrap(administrator, DATABASE, passwords("a series with spaces"))
    (folder,) = owner.execute("SHOW data_directory").fetchone() or ("",)
    written = (Path(folder).parent / "server.log").read_text()
    assert 'ROLE "accunode_auth" LOGIN PASSWORD' in written
    assert "a series with spaces" not in written
    for role in LOGIN_ROLES:
        psycopg.connect(role_url(administrator, DATABASE, role, passwords("a series with spaces")[role])).close()
