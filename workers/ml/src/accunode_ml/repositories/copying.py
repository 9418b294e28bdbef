"""COPY through a session's own connection, into tables that live for one transaction.

Row-level security forbids COPY into any other.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from io import BytesIO
from typing import Any, Literal

import pyarrow as pa
import pyarrow.csv as pacsv
from psycopg import Copy, Cursor, sql
from sqlalchemy import Column, Dialect, Integer, MetaData, Table, delete, literal_column
from sqlalchemy.orm import Session
from sqlalchemy.schema import CreateTable

FENCE = literal_column("0", Integer)
"""The offset of a subquery that the planner is to leave where it is: it skips nothing."""

_OPTIONS = pacsv.WriteOptions(include_header=False, quoting_style="needed")


def temporary_table(name: str, *columns: Column[Any]) -> Table:
    """A table of the connection whose rows are gone when the transaction ends."""
    return Table(name, MetaData(), *columns, prefixes=["TEMPORARY"], postgresql_on_commit="DELETE ROWS")


@lru_cache(maxsize=32)
def _emptied(table: Table, dialect: Dialect) -> str:
    """Make the table, or empty it, as one text that is sent at once."""
    parts = (CreateTable(table, if_not_exists=True), delete(table))
    return "; ".join(str(part.compile(dialect=dialect)) for part in parts)


@contextmanager
def copy_into(session: Session, table: Table, form: Literal["text", "csv"] = "text") -> Iterator[Copy]:
    """Begin a `COPY ... FROM STDIN` of all columns of a temporary table, which is made, or emptied, first."""
    session.connection().exec_driver_sql(
        _emptied(table, session.get_bind().dialect), execution_options={"no_parameters": True}
    )
    driver = session.connection().connection.driver_connection
    if driver is None:
        raise RuntimeError("the session has no connection to copy through")
    cursor: Cursor = driver.cursor()
    columns = sql.SQL(", ").join(map(sql.Identifier, table.columns.keys()))
    statement = sql.SQL("copy {table} ({columns}) from stdin (format {form})").format(
        table=sql.Identifier(table.name), columns=columns, form=sql.SQL(form)
    )
    with cursor.copy(statement) as copy:
        yield copy


def copy_rows(session: Session, table: Table, rows: pa.Table) -> None:
    """Fill a temporary table with these rows, whatever it held before; columns go by their names."""
    buffer = BytesIO()
    pacsv.write_csv(rows.select(table.columns.keys()), buffer, _OPTIONS)
    with copy_into(session, table, "csv") as copy:
        copy.write(buffer.getbuffer())
