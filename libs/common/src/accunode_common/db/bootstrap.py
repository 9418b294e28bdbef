"""Prepares a PostgreSQL server: the roles and an empty database that the migrator owns.

It needs an administrator's connection, once. Everything after it is a migration.
"""

from collections.abc import Mapping

import psycopg
from psycopg import sql
from sqlalchemy.engine import make_url

from accunode_common.db.access import LOGIN_ROLES, DatabaseRole
from accunode_common.db.session import libpq_url

MINIMUM_VERSION = 160000
_BOOTSTRAP_LOCK = 0x4ACC0
_POWERS = ("SUPERUSER", "CREATEDB", "CREATEROLE", "BYPASSRLS")
"""What no role of ours may have; a new role has none of them."""


class UnsupportedServerError(RuntimeError):
    """The PostgreSQL server is older than AccuNode supports."""


def role_url(admin_url: str, database: str, role: DatabaseRole, password: str) -> str:
    """The URL by which `role` reaches `database` on the administrator's server."""
    return libpq_url(make_url(admin_url).set(username=role, password=password, database=database))


def bootstrap(admin_url: str, database: str, passwords: Mapping[str, str]) -> None:
    """Make or update the roles and make the database where it is missing. Safe to repeat.

    Args:
        admin_url: The URL of a role that may create roles and databases.
        database: The database to make.
        passwords: A password for each role that signs in, by role name.

    Raises:
        UnsupportedServerError: The server is older than PostgreSQL 16.
        KeyError: A role has no password.
    """
    with psycopg.connect(libpq_url(admin_url), autocommit=True) as connection:
        if connection.info.server_version < MINIMUM_VERSION:
            version = connection.info.parameter_status("server_version")
            raise UnsupportedServerError(f"PostgreSQL {version} is too old: AccuNode needs version 16 or later.")
        connection.execute("SELECT pg_advisory_lock(%s)", [_BOOTSTRAP_LOCK])
        _ensure_roles(connection, passwords)
        _ensure_database(connection, database)


def _ensure_roles(connection: psycopg.Connection, passwords: Mapping[str, str]) -> None:
    held = {
        name: {attribute for attribute, has in zip(_POWERS, powers, strict=True) if has}
        for name, *powers in connection.execute(
            "SELECT rolname, rolsuper, rolcreatedb, rolcreaterole, rolbypassrls FROM pg_roles"
        ).fetchall()
    }
    for role in DatabaseRole:
        verb = sql.SQL("ALTER" if role in held else "CREATE")
        login = (
            sql.SQL("LOGIN PASSWORD {}").format(sql.Literal(_verifier(connection, role, passwords[role])))
            if role in LOGIN_ROLES
            else sql.SQL("NOLOGIN")
        )
        # Only what a role has is taken: an administrator who is no superuser may not even name what none has.
        taken = [sql.SQL(f"NO{power}") for power in _POWERS if power in held.get(role, ())]
        connection.execute(
            sql.SQL("{} ROLE {} {} {}").format(verb, sql.Identifier(role), login, sql.SQL(" ").join(taken))
        )
    connection.execute(
        sql.SQL("GRANT {} TO {} WITH INHERIT FALSE, SET TRUE").format(
            sql.Identifier(DatabaseRole.SIGN_IN), sql.Identifier(DatabaseRole.MIGRATOR)
        )
    )


def _verifier(connection: psycopg.Connection, role: str, password: str) -> str:
    """What the server keeps of a password: a statement with the password itself could end in its log."""
    return connection.pgconn.encrypt_password(password.encode(), role.encode(), b"scram-sha-256").decode()


def _ensure_database(connection: psycopg.Connection, database: str) -> None:
    name, owner = sql.Identifier(database), sql.Identifier(DatabaseRole.MIGRATOR)
    found = connection.execute("SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = %s", [database])
    holder = found.fetchone()
    if holder != (DatabaseRole.MIGRATOR,):
        administrator = sql.Identifier(connection.info.user)
        connection.execute(sql.SQL("GRANT {} TO {}").format(owner, administrator))
        # A cloud may have made it with the server, for its administrator.
        statement = (
            "ALTER DATABASE {} OWNER TO {}"
            if holder
            else "CREATE DATABASE {} OWNER {} TEMPLATE template0 ENCODING 'UTF8'"
        )
        connection.execute(sql.SQL(statement).format(name, owner))
    connection.execute(sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(name))
    connection.execute(
        sql.SQL("GRANT CONNECT ON DATABASE {} TO {}").format(
            name, sql.SQL(", ").join(sql.Identifier(role) for role in LOGIN_ROLES)
        )
    )
    # Workers copy scored rows into a temporary table first.
    connection.execute(
        sql.SQL("GRANT TEMPORARY ON DATABASE {} TO {}").format(name, sql.Identifier(DatabaseRole.WORKER))
    )
