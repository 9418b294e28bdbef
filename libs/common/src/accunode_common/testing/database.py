"""A migrated database for a test session, in a real PostgreSQL server."""

import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

import psycopg
from psycopg import sql
from sqlalchemy.engine import make_url

from accunode_common import migrations
from accunode_common.db.access import LOGIN_ROLES, DatabaseRole
from accunode_common.db.bootstrap import bootstrap, role_url


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


@contextmanager
def migrated_database(admin_url: str) -> Iterator[TestDatabase]:
    """Make the roles and a database, migrate it to head, and drop it in the end."""
    name = f"accunode_test_{secrets.token_hex(6)}"
    passwords = {role.value: secrets.token_urlsafe(18) for role in LOGIN_ROLES}
    bootstrap(admin_url, name, passwords)
    urls: dict[DatabaseRole, str] = {role: role_url(admin_url, name, role, passwords[role]) for role in LOGIN_ROLES}
    migrations.upgrade(urls[DatabaseRole.MIGRATOR])
    server = make_url(admin_url).set(drivername="postgresql")
    try:
        yield TestDatabase(
            name=name, admin_url=server.set(database=name).render_as_string(hide_password=False), urls=urls
        )
    finally:
        with psycopg.connect(server.render_as_string(hide_password=False), autocommit=True) as connection:
            connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))
