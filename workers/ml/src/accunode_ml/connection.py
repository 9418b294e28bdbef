"""A plain connection to PostgreSQL for what runs beside tasks: the relay, and a worker's watch over itself."""

import psycopg

from accunode_common.db.session import libpq_url
from accunode_common.settings import DatabaseSettings


def connect(settings: DatabaseSettings, application: str) -> psycopg.Connection:
    """Connect in autocommit mode.

    Raises:
        psycopg.OperationalError: The server does not let us in.
    """
    return psycopg.connect(
        libpq_url(settings.url.get_secret_value()),
        autocommit=True,
        application_name=application,
        connect_timeout=5,
        options=f"-c statement_timeout={settings.statement_timeout_ms} -c timezone=UTC",
        # A server that vanished without a word is noticed within half a minute.
        keepalives_idle=10,
        keepalives_interval=5,
        keepalives_count=3,
    )
