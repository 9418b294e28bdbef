"""The preparation runs where the administrator is no superuser, as on servers that a cloud runs."""

from collections.abc import Iterator

import psycopg
import pytest
from psycopg import sql
from sqlalchemy.engine import make_url

from accunode_common import migrations
from accunode_common.db.access import LOGIN_ROLES, DatabaseRole
from accunode_common.db.bootstrap import bootstrap, role_url
from accunode_devstack.throwaway import throwaway_postgres

DATABASE = "accunode"
PASSWORD = "a-master-password"


@pytest.fixture(scope="module")
def administrator() -> Iterator[str]:
    """The URL of the only role that a cloud gives: it makes roles and databases, and bypasses nothing."""
    with throwaway_postgres() as server:
        # As RDS makes its master user.
        attributes = f"LOGIN NOSUPERUSER INHERIT CREATEDB CREATEROLE NOREPLICATION NOBYPASSRLS PASSWORD '{PASSWORD}'"
        owner = make_url(server.admin_url).set(drivername="postgresql")
        with psycopg.connect(owner.render_as_string(hide_password=False), autocommit=True) as connection:
            connection.execute(f"CREATE ROLE master {attributes}")
        yield owner.set(username="master", password=PASSWORD).render_as_string(hide_password=False)


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
