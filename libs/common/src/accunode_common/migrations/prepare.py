"""Prepares a database: its roles, then its schema. Doing it again changes nothing."""

import psycopg
from psycopg.errors import InsufficientPrivilege
from pydantic import SecretStr, field_validator
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError

from accunode_common import migrations
from accunode_common.db.access import LOGIN_ROLES, DatabaseRole
from accunode_common.db.bootstrap import UnsupportedServerError, bootstrap, role_url
from accunode_common.settings import PostgresSettings, PostgresUrl


class PrepareError(RuntimeError):
    """The database cannot be prepared; the message says why, in one sentence."""


class PrepareSettings(PostgresSettings):
    """What the preparation needs."""

    admin_url: PostgresUrl
    """The URL of PostgreSQL, as a role that may create roles and databases."""
    role_passwords: dict[str, SecretStr]
    """A password for each role that signs in: a JSON object by role name."""
    database: str = "accunode"
    """The database to make and migrate."""

    @field_validator("role_passwords")
    @classmethod
    def _has_every_role(cls, value: dict[str, SecretStr]) -> dict[str, SecretStr]:
        lacking = [role.value for role in LOGIN_ROLES if role not in value or not value[role].get_secret_value()]
        if lacking:
            raise ValueError(f"has no password for {', '.join(lacking)}")
        return value


def prepare(settings: PrepareSettings) -> str:
    """Make or update the roles and the database, and bring it to the newest migration; says which that is.

    Raises:
        PrepareError: The server does not answer, is too old, or refuses.
    """
    admin_url = settings.admin_url.get_secret_value()
    passwords = {role: password.get_secret_value() for role, password in settings.role_passwords.items()}
    try:
        bootstrap(admin_url, settings.database, passwords)
        migrations.upgrade(
            role_url(admin_url, settings.database, DatabaseRole.MIGRATOR, passwords[DatabaseRole.MIGRATOR])
        )
    except UnsupportedServerError as error:
        raise PrepareError(str(error)) from None
    except (psycopg.Error, DBAPIError) as error:
        reason = error.orig if isinstance(error, DBAPIError) else error
        said = f"The database cannot be prepared: {' '.join(str(reason).split())}"
        if isinstance(reason, InsufficientPrivilege):
            said += (
                f" Whoever made that role: GRANT it TO {make_url(admin_url).username} WITH ADMIN OPTION, or drop it."
            )
        raise PrepareError(said) from None
    return migrations.head()
