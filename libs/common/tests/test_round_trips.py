"""What a transaction sends to PostgreSQL, seen on the wire, and what happens to connections that were cut."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.engine import make_url

from accunode_common.db.access import DatabaseRole
from accunode_common.db.session import AccessContext, Database, SyncDatabase
from accunode_common.ids import new_id
from accunode_common.settings import DatabaseSettings
from accunode_common.testing.plugin import SettingsFactory

CALLER = AccessContext(tenant_id=new_id(), user_id=new_id())
ONE = text("select 1")
WHO = text("select pg_backend_pid()")


class Wire:
    """A relay to the server, which counts how often the client sends and then waits."""

    def __init__(self, host: str, port: int) -> None:
        self.round_trips = 0
        self._server = (host, port)
        self._client_waits = False

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[int]:
        server = await asyncio.start_server(self._relay, "127.0.0.1", 0)
        async with server:
            yield server.sockets[0].getsockname()[1]

    async def _relay(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        from_server, to_server = await asyncio.open_connection(*self._server)
        await asyncio.gather(self._pass(reader, to_server, sent=True), self._pass(from_server, writer, sent=False))

    async def _pass(self, source: asyncio.StreamReader, target: asyncio.StreamWriter, *, sent: bool) -> None:
        while data := await source.read(65536):
            self.round_trips += sent and not self._client_waits
            self._client_waits = sent
            target.write(data)
            await target.drain()
        target.close()


@pytest.fixture
def settings(make_settings: SettingsFactory) -> DatabaseSettings:
    return make_settings(DatabaseSettings, DatabaseRole.TENANTS)


async def test_a_transaction_takes_a_round_trip_for_each_statement_and_two_around_them(
    settings: DatabaseSettings,
) -> None:
    url = make_url(settings.url.get_secret_value())
    place = urlsplit(settings.url.get_secret_value())
    assert place.hostname is not None
    wire = Wire(place.hostname, place.port or 5432)
    async with wire.listening() as port:
        relayed = url.set(host="127.0.0.1", port=port).render_as_string(hide_password=False)
        database = Database(settings.model_copy(update={"url": type(settings.url)(relayed)}), "test")
        async with database.transaction(CALLER) as session:
            await session.execute(ONE)
        for statements in (1, 3):
            wire.round_trips = 0
            async with database.transaction(CALLER) as session:
                for _ in range(statements):
                    await session.execute(ONE)
            assert wire.round_trips == statements + 2
        await database.close()


async def test_a_connection_that_was_cut_is_replaced_as_a_transaction_begins(
    settings: DatabaseSettings, superuser: psycopg.Connection
) -> None:
    database = Database(settings, "test")
    async with database.transaction(CALLER) as session:
        first = await session.scalar(WHO)
    superuser.execute("select pg_terminate_backend(%s, 5000)", [first])
    async with database.transaction(CALLER) as session:
        assert await session.scalar(WHO) != first
        assert await session.scalar(text("select current_setting('app.user_id')")) == str(CALLER.user_id)
    await database.close()


def test_a_workers_connection_that_was_cut_is_replaced_too(
    settings: DatabaseSettings, superuser: psycopg.Connection
) -> None:
    database = SyncDatabase(settings, "test")
    with database.transaction(CALLER) as session:
        first = session.scalar(WHO)
    superuser.execute("select pg_terminate_backend(%s, 5000)", [first])
    with database.transaction(CALLER) as session:
        assert session.scalar(WHO) != first
    database.close()
