"""COPY through a session's own connection; only into temporary tables, as row-level security forbids it elsewhere."""

from contextlib import AbstractContextManager

from psycopg import Copy, Cursor
from psycopg.sql import Composed
from sqlalchemy.orm import Session


def copy_into(session: Session, statement: Composed) -> AbstractContextManager[Copy]:
    """Begin a `COPY ... FROM STDIN` in the session's transaction."""
    driver = session.connection().connection.driver_connection
    if driver is None:
        raise RuntimeError("the session has no connection to copy through")
    cursor: Cursor = driver.cursor()
    return cursor.copy(statement)
