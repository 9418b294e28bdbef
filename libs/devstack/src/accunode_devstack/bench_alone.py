"""Measures what PostgreSQL alone takes: rows as an upload stored them, copied into empty tables of the same indexes."""

import tempfile
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil
import psycopg
from psycopg import sql

from accunode_devstack.bench_api import processor_seconds
from accunode_devstack.endpoints import Endpoints

CONNECTIONS = 2
_MOST_ROWS = 200_000
_BLOCK = 1 << 20
_SCHEMA = sql.Identifier("bench_alone")
_TABLES = {
    "companies": "t.id = p.company_id",
    "predictions": "t.id = p.id",
    "newest_predictions": "t.company_id = p.company_id and t.prediction_id = p.id",
}
"""What a row of a file becomes, beside its prediction `p`."""
_COLUMNS = """
    select column_name from information_schema.columns
    where table_schema = 'credit' and table_name = %s and is_generated = 'NEVER' order by ordinal_position
"""


@dataclass(frozen=True)
class Alone:
    """Rows a second, and microseconds of PostgreSQL's processor for each; 0 where the server is not the stack's own."""

    per_second: float
    microseconds: float


def copy_alone(endpoints: Endpoints, server: psutil.Process | None, job_id: str, rows: int) -> Alone:
    """Copy what became of up to 200,000 of a job's `rows` rows by two connections.

    The columns, their checks and all indexes are those of the tables; triggers, policies and foreign keys are not.
    """
    with (
        psycopg.connect(endpoints.admin_url, dbname=endpoints.database, autocommit=True) as admin,
        _empty_tables(admin),
        tempfile.TemporaryDirectory() as folder,
    ):
        share = min(rows, _MOST_ROWS) // CONNECTIONS
        parts = [_write_out(admin, job_id, place, share, Path(folder)) for place in range(CONNECTIONS)]
        used, begun = _used(server), time.perf_counter()
        with ThreadPoolExecutor(CONNECTIONS) as threads:
            copied = sum(threads.map(lambda files: _copy_in(endpoints, files), parts))
        seconds, used = time.perf_counter() - begun, _used(server) - used
    return Alone(copied / seconds, 1e6 * used / copied)


def _used(server: psutil.Process | None) -> float:
    return 0.0 if server is None else processor_seconds(server)


@contextmanager
def _empty_tables(admin: psycopg.Connection) -> Iterator[None]:
    admin.execute(sql.SQL("create schema {}").format(_SCHEMA))
    try:
        for table in _TABLES:
            name = sql.Identifier(table)
            admin.execute(sql.SQL("create table {0}.{1} (like credit.{1} including all)").format(_SCHEMA, name))
        yield
    finally:
        admin.execute(sql.SQL("drop schema {} cascade").format(_SCHEMA))


def _columns(connection: psycopg.Connection, table: str) -> sql.Composed:
    names = connection.execute(_COLUMNS, [table]).fetchall()
    return sql.SQL(", ").join(sql.Identifier(name) for (name,) in names)


def _write_out(admin: psycopg.Connection, job_id: str, place: int, rows: int, folder: Path) -> dict[str, Path]:
    """One connection's share of the rows, in a file for each table."""
    files = {table: folder / f"{place}-{table}" for table in _TABLES}
    for table, file in files.items():
        statement = sql.SQL(
            "copy (select {columns} from credit.{table} t where exists (select 1 from (select * from credit.predictions"
            " where job_id = {job} and row_number % {connections} = {place} order by row_number limit {rows}) p"
            " where t.tenant_id = p.tenant_id and {beside})) to stdout (format binary)"
        ).format(
            columns=_columns(admin, table),
            table=sql.Identifier(table),
            job=sql.Literal(job_id),
            connections=sql.Literal(CONNECTIONS),
            place=sql.Literal(place),
            rows=sql.Literal(rows),
            beside=sql.SQL(_TABLES[table]),
        )
        with file.open("wb") as out, admin.cursor().copy(statement) as copy:
            for block in copy:
                out.write(block)
    return files


def _copy_in(endpoints: Endpoints, files: Mapping[str, Path]) -> int:
    """Copy each file into its empty table; returns how many predictions there were."""
    copied = {}
    with psycopg.connect(endpoints.admin_url, dbname=endpoints.database) as connection:
        for table, file in files.items():
            statement = sql.SQL("copy {}.{} ({}) from stdin (format binary)").format(
                _SCHEMA, sql.Identifier(table), _columns(connection, table)
            )
            cursor = connection.cursor()
            with file.open("rb") as rows, cursor.copy(statement) as copy:
                while block := rows.read(_BLOCK):
                    copy.write(block)
            copied[table] = cursor.rowcount
    return copied["predictions"]
