"""Prepares a database: its roles, then its schema. Doing it again changes nothing."""

import psycopg
from pydantic import SecretStr
from sqlalchemy.exc import DBAPIError

from accunode_common import migrations
from accunode_common.db.access import DatabaseRole
from accunode_common.db.bootstrap import UnsupportedServerError, bootstrap, role_url
from accunode_common.settings import AccunodeSettings, PostgresUrl


class PrepareError(RuntimeError):
    """The database cannot be prepared; the message says why, in one sentence."""


class PrepareSettings(AccunodeSettings):
    """What the preparation needs.

    Attributes:
        admin_url: A role that may create roles and databases.
        role_passwords: A password for each role that signs in, by role name.
        database: The database to make and migrate.
    """

    database_require_tls: bool | None = None
    admin_url: PostgresUrl
    role_passwords: dict[str, SecretStr]
    database: str = "accunode"


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
    except KeyError as error:
        raise PrepareError(f"ACCUNODE_ROLE_PASSWORDS has no password for {error.args[0]}.") from None
    except (psycopg.Error, DBAPIError) as error:
        reason = error.orig if isinstance(error, DBAPIError) else error
        raise PrepareError(f"The database cannot be prepared: {' '.join(str(reason).split())}") from None
    return migrations.head()
