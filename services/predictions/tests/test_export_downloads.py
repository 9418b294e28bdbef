"""An export over a real socket: what PostgreSQL does while its client waits, and when it leaves."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import psycopg
import pytest
from psycopg import sql

from accunode_common.testing.app import ServiceClient
from accunode_common.testing.people import World
from accunode_common.testing.sockets import served
from accunode_predictions.predictions import repository

Store = Callable[..., Awaitable[dict[str, Any]]]
LEAVES = 2.0
"""Seconds within which nothing is read any more."""
YEARS = range(1900, 2101)
HELD = """
    select count(*) from pg_stat_activity where datname = current_database() and usename = 'accunode_predictions'
    and state = 'idle in transaction' and xact_start < clock_timestamp() - interval '400 milliseconds'
"""
"""Transactions that stand open without a statement; the service's own look at which model serves is over at once."""


def make_long(superuser: psycopg.Connection, prediction_id: str) -> None:
    """Copy a prediction into every year, with a company's name that no buffer holds for all of them."""
    query = (
        "select column_name from information_schema.columns where table_schema = 'credit'"
        " and table_name = 'predictions' and is_generated = 'NEVER' and column_name not in ('id', 'fiscal_year')"
    )
    columns = sql.SQL(", ").join(sql.Identifier(name) for (name,) in superuser.execute(query))
    superuser.execute(
        sql.SQL(
            "insert into credit.predictions (id, fiscal_year, {columns}) select gen_random_uuid(), year, {columns}"
            " from credit.predictions, unnest(%s::smallint[]) as years (year) where id = %s and year <> fiscal_year"
        ).format(columns=columns),
        [list(YEARS), prediction_id],
    )
    superuser.execute(
        "update credit.companies set name = repeat(name, 2000) where id = (select company_id from credit.predictions"
        " where id = %s)",
        [prediction_id],
    )


async def test_nothing_is_read_and_no_transaction_held_for_a_client_that_waits_or_has_left(
    api: ServiceClient, world: World, store: Store, superuser: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("accunode_predictions.predictions.exports.service.BLOCK_ROWS", 1)
    member = world.one.org_member
    make_long(superuser, (await store(member))["id"])
    read, given, closed = repository.exported, 0, asyncio.Event()

    async def counted(*args: Any, **kwargs: Any) -> Any:
        nonlocal given
        try:
            async for rows in read(*args, **kwargs):
                given += 1
                yield rows
        finally:
            closed.set()

    monkeypatch.setattr(repository, "exported", counted)
    async with served(api.app) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=4096)
        head = "".join(f"{name}: {value}\r\n" for name, value in {"Host": "accunode.test", **member.headers}.items())
        try:
            writer.write(f"GET /api/v1/predictions/annual/export HTTP/1.1\r\n{head}\r\n".encode())
            async with asyncio.timeout(60):
                assert b" 200 " in await reader.readuntil(b"\r\n\r\n")
                before = -1
                while before != given:
                    before = given
                    await asyncio.sleep(0.5)
            assert 0 < given < len(YEARS)
            assert superuser.execute(HELD).fetchall() == [(0,)]
        finally:
            writer.transport.abort()
        async with asyncio.timeout(LEAVES):
            await closed.wait()
        await asyncio.sleep(0.5)
        assert superuser.execute(HELD).fetchall() == [(0,)]
    assert given == before
