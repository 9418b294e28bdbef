"""Prepares the stack's database: roles, the database itself, migrations; and knows when there is nothing to do."""

import hashlib
import importlib.util
from pathlib import Path

import psycopg
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError

from accunode_common.db.access import DatabaseRole
from accunode_common.db.bootstrap import UnsupportedServerError, bootstrap
from accunode_devstack.endpoints import Endpoints
from accunode_devstack.errors import DevstackError
from accunode_devstack.state import State, read_json, write_json

MARK = "migrated.json"


def prepare_database(state: State, endpoints: Endpoints) -> None:
    """Make the roles and the database, and bring it to the newest migration. Safe to repeat.

    Raises DevstackError when the server is too old or refuses a migration.
    """
    # Alembic takes half a second to import, which the commands that need none of it would wait for.
    from accunode_common import migrations

    try:
        bootstrap(endpoints.admin_url, endpoints.database, endpoints.passwords)
        migrations.upgrade(endpoints.database_url(DatabaseRole.MIGRATOR))
    except UnsupportedServerError as error:
        raise DevstackError(str(error)) from None
    except DBAPIError as error:
        raise DevstackError(f"The database could not be migrated: {str(error.orig).splitlines()[0]}") from error
    write_json(state.run / MARK, {"migrations": _fingerprint(), "revision": _revision(endpoints)})


def is_prepared(state: State, endpoints: Endpoints) -> bool:
    """Whether the database is as `prepare_database` left it, and the migrations are those it knew."""
    mark = state.run / MARK
    if not mark.exists():
        return False
    known = read_json(mark)
    return known == {"migrations": _fingerprint(), "revision": _revision(endpoints)}


def refresh_statistics(endpoints: Endpoints) -> None:
    """Give the planner statistics of what was just loaded.

    Without them it plans for the tables as they were when they were empty: looking up one company would mean
    walking through all companies of its owner; autovacuum would get to it within a minute.
    """
    address = make_url(endpoints.admin_url).set(drivername="postgresql", database=endpoints.database)
    with psycopg.connect(address.render_as_string(hide_password=False), autocommit=True) as connection:
        connection.execute("ANALYZE")


def _revision(endpoints: Endpoints) -> str | None:
    """The newest migration of the database; None when there is no such database, role or table."""
    try:
        with psycopg.connect(endpoints.database_url(DatabaseRole.MIGRATOR), connect_timeout=5) as connection:
            row = connection.execute("SELECT version_num FROM public.alembic_version").fetchone()
    except (psycopg.OperationalError, psycopg.errors.UndefinedTable):
        return None
    return str(row[0]) if row else None


def _fingerprint() -> str:
    spec = importlib.util.find_spec("accunode_common.migrations")
    if spec is None or spec.origin is None:
        raise DevstackError("accunode_common is not installed: `make up` installs it.")
    digest = hashlib.sha256()
    for path in sorted((Path(spec.origin).parent / "versions").iterdir()):
        if path.is_file():
            digest.update(path.name.encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()
