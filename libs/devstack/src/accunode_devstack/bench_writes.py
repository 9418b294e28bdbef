"""Measures how rows get into PostgreSQL: the ORM's `add_all`, Core's `executemany`, and COPY with `insert … select`."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Column, Connection, Float, MetaData, Table, Text, Uuid, create_engine, insert
from sqlalchemy.orm import Session, registry

from accunode_common.ids import new_id
from accunode_devstack.throwaway import throwaway_postgres

REPEATS = 3
FIGURES = [f"figure_{number}" for number in range(24)]
"""A row is about as wide as a stored prediction, with a key that says whether it is there already."""

ROWS = Table(
    "rows",
    MetaData(),
    Column("id", Uuid, primary_key=True),
    Column("company", Text, unique=True, nullable=False),
    Column("grade", Text, nullable=False),
    Column("reasons", Text, nullable=False),
    *(Column(name, Float) for name in FIGURES),
)


class Row:
    """A row as the ORM has it."""

    def __init__(self, **values: Any) -> None:
        for name, value in values.items():
            setattr(self, name, value)


registry().map_imperatively(Row, ROWS)


@dataclass(frozen=True)
class WriteTimes:
    """One way of writing, and the most rows a second that it reached, commit included."""

    name: str
    per_second: float


def measure_writes(rows: int) -> Iterator[WriteTimes]:
    """Write so many new rows in each way, three times, into a table with two indexes on a server of its own."""
    ways: tuple[tuple[str, Callable[[Connection, list[dict[str, Any]]], None]], ...] = (
        ("ORM add_all", _add_all),
        ("Core executemany", _executemany),
        ("COPY, insert … select", _copy),
    )
    with throwaway_postgres() as server:
        engine = create_engine(server.admin_url.replace("postgresql://", "postgresql+psycopg://"))
        for name, write in ways:
            seconds = []
            for _ in range(REPEATS):
                ROWS.drop(engine, checkfirst=True)
                ROWS.create(engine)
                values = _values(rows)
                begun = time.perf_counter()
                with engine.begin() as connection:
                    write(connection, values)
                seconds.append(time.perf_counter() - begun)
            yield WriteTimes(name, rows / min(seconds))
        engine.dispose()


def _values(rows: int) -> list[dict[str, Any]]:
    figures = {name: 1.0 / (place + 3) for place, name in enumerate(FIGURES)}
    reasons = "return_on_assets:-6.3,net_income_margin:-7.9"
    return [
        {"id": new_id(), "company": f"Company {number} (fictitious)", "grade": "AN07", "reasons": reasons, **figures}
        for number in range(rows)
    ]


def _add_all(connection: Connection, values: list[dict[str, Any]]) -> None:
    with Session(connection) as session:
        session.add_all([Row(**each) for each in values])
        session.flush()


def _executemany(connection: Connection, values: list[dict[str, Any]]) -> None:
    connection.execute(insert(ROWS), values)


def _copy(connection: Connection, values: list[dict[str, Any]]) -> None:
    connection.exec_driver_sql("create temporary table incoming (like rows) on commit drop")
    cursor = connection.connection.cursor()
    with cursor.copy("copy incoming from stdin") as copy:
        for each in values:
            copy.write_row(tuple(each.values()))
    connection.exec_driver_sql("insert into rows select * from incoming on conflict (company) do nothing")
