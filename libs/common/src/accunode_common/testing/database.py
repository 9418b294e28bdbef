"""Migrated databases for tests, in a real PostgreSQL server."""

import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import LiteralString

import psycopg
from psycopg import sql
from sqlalchemy.engine import make_url

from accunode_common import migrations
from accunode_common.db.access import LOGIN_ROLES, DatabaseRole
from accunode_common.db.bootstrap import bootstrap, role_url
from accunode_common.db.session import libpq_url


@dataclass(frozen=True)
class TestDatabase:
    """A migrated database and how each role reaches it.

    Attributes:
        name: Its name.
        admin_url: The superuser's URL of it, which row-level security does not bind.
        urls: The URL of each role that signs in.
    """

    __test__ = False

    name: str
    admin_url: str = field(repr=False)
    urls: Mapping[DatabaseRole, str] = field(repr=False)

    def url(self, role: DatabaseRole) -> str:
        """The URL of `role`."""
        return self.urls[role]


@dataclass(frozen=True)
class DatabaseTemplate:
    """A migrated database that nobody uses: each copy of it is made in a fraction of a second.

    Attributes:
        name: Its name.
        admin_url: The superuser's URL of its server.
        passwords: The password of each role that signs in.
    """

    name: str
    admin_url: str = field(repr=False)
    passwords: Mapping[str, str] = field(repr=False)

    @contextmanager
    def copy(self) -> Iterator[TestDatabase]:
        """Make a database like it, and drop it in the end."""
        name = _new_name()
        server = make_url(self.admin_url).set(drivername="postgresql")
        self._execute("CREATE DATABASE {} OWNER {} TEMPLATE {}", name, DatabaseRole.MIGRATOR, self.name)
        # What belongs to the database as a whole, such as who may connect, is not copied.
        bootstrap(self.admin_url, name, self.passwords)
        try:
            yield TestDatabase(
                name=name,
                admin_url=server.set(database=name).render_as_string(hide_password=False),
                urls={role: role_url(self.admin_url, name, role, self.passwords[role]) for role in LOGIN_ROLES},
            )
        finally:
            self._execute("DROP DATABASE {} WITH (FORCE)", name)

    def _execute(self, statement: LiteralString, *names: str) -> None:
        with psycopg.connect(libpq_url(self.admin_url), autocommit=True) as connection:
            connection.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))


def migrated_template(admin_url: str) -> DatabaseTemplate:
    """Make the roles and a database, and migrate it to head; it goes with its server."""
    template = DatabaseTemplate(_new_name(), admin_url, {role.value: secrets.token_urlsafe(18) for role in LOGIN_ROLES})
    bootstrap(admin_url, template.name, template.passwords)
    migrator = DatabaseRole.MIGRATOR
    migrations.upgrade(role_url(admin_url, template.name, migrator, template.passwords[migrator]))
    return template


def _new_name() -> str:
    return f"accunode_test_{secrets.token_hex(6)}"
