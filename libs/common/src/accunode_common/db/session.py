"""Engines and sessions. A transaction says for whom it runs; without that, row-level security shows nothing."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Any
from uuid import UUID

from psycopg import sql
from sqlalchemy import Engine, Text, bindparam, create_engine, event, func, select
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import Session, sessionmaker
from sqlalchemy.pool import QueuePool

from accunode_common.db.cursors import RequestCursor
from accunode_common.settings import DatabaseSettings


class Reach(StrEnum):
    """How far a caller reads or writes: its own records, its organization's, its tenant's, or the platform's."""

    OWN = "own"
    ORGANIZATION = "organization"
    TENANT = "tenant"
    PLATFORM = "platform"


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessContext:
    """For whom a transaction runs; row-level security reads it."""

    tenant_id: UUID | None = None
    user_id: UUID | None = None
    organization_id: UUID | None = None
    read_reach: Reach = Reach.OWN
    write_reach: Reach = Reach.OWN

    def settings(self) -> dict[str, str]:
        """The `app.*` settings of the transaction, empty where unset."""
        return {
            "tenant_id": str(self.tenant_id or ""),
            "user_id": str(self.user_id or ""),
            "organization_id": str(self.organization_id or ""),
            "read_reach": self.read_reach.value,
            "write_reach": self.write_reach.value,
        }


_SET_CONTEXT = select(
    *(
        func.set_config(f"app.{name}", bindparam(name, type_=Text), True)
        for name in ("tenant_id", "user_id", "organization_id", "read_reach", "write_reach")
    )
)


_CONTEXT = "access_context"


@lru_cache(maxsize=4096)
def _beginning(context: AccessContext) -> str:
    """BEGIN, and for whom the transaction runs, as one text that is sent at once."""
    settings = (
        sql.SQL("set_config({}, {}, true)").format(sql.Literal(f"app.{name}"), sql.Literal(value))
        for name, value in context.settings().items()
    )
    return sql.SQL("BEGIN; SELECT {}").format(sql.SQL(", ").join(settings)).as_string()


def _begin(session: Session, context: AccessContext) -> None:
    """Begin the transaction; a connection that was cut since it was last used is replaced, as nothing was done yet."""
    try:
        _send_beginning(session, context)
    except DBAPIError as error:
        if not error.connection_invalidated:
            raise
        session.rollback()
        _send_beginning(session, context)
    session.info[_CONTEXT] = context


def _commit(session: Session) -> None:
    session.commit()
    session.close()


def _send_beginning(session: Session, context: AccessContext) -> None:
    options = {"no_parameters": True}
    session.connection().exec_driver_sql(_beginning(context), execution_options=options).close()


async def set_context(session: AsyncSession, context: AccessContext) -> None:
    """Say for whom the rest of the transaction runs: for `acting_as` only."""
    await session.execute(_SET_CONTEXT, context.settings())
    session.info[_CONTEXT] = context


@asynccontextmanager
async def acting_as(session: AsyncSession, context: AccessContext) -> AsyncIterator[None]:
    """Run a part of the transaction for somebody else; the context from before is back when it ends, however it ends.

    Rows that were changed are written in the context in which that was done.
    """
    before: AccessContext = session.info[_CONTEXT]
    if context == before:
        yield
        return
    await session.flush()
    await set_context(session, context)
    try:
        yield
        await session.flush()
    except BaseException:
        # A transaction that failed takes no statement more; PostgreSQL puts the context back as it rolls back.
        session.info[_CONTEXT] = before
        with suppress(SQLAlchemyError):
            await set_context(session, before)
        raise
    await set_context(session, before)


def set_context_sync(session: Session, context: AccessContext) -> None:
    """Say for whom the rest of the transaction runs: for `acting_as_sync` only."""
    session.execute(_SET_CONTEXT, context.settings())
    session.info[_CONTEXT] = context


@contextmanager
def acting_as_sync(session: Session, context: AccessContext) -> Iterator[None]:
    """`acting_as` for a worker's session."""
    before: AccessContext = session.info[_CONTEXT]
    session.flush()
    set_context_sync(session, context)
    try:
        yield
        session.flush()
    except BaseException:
        session.info[_CONTEXT] = before
        with suppress(SQLAlchemyError):
            set_context_sync(session, before)
        raise
    set_context_sync(session, before)


def driver_url(url: str) -> URL:
    """`url` with the driver that every process uses."""
    return make_url(url).set(drivername="postgresql+psycopg")


def _engine_options(settings: DatabaseSettings, application: str, *, idle_seconds: float) -> dict[str, Any]:
    return {
        "pool_size": settings.pool_size,
        "max_overflow": settings.pool_overflow,
        "pool_timeout": 5,
        "pool_recycle": 1800,
        # `transaction` begins and commits: the driver's own BEGIN would take a round trip of its own.
        "isolation_level": "AUTOCOMMIT",
        # An error's text goes into logs, and parameters are people's data.
        "hide_parameters": True,
        "connect_args": {
            "application_name": application,
            "connect_timeout": 5,
            "options": f"-c statement_timeout={settings.statement_timeout_ms} -c timezone=UTC"
            f" -c idle_in_transaction_session_timeout={idle_seconds * 1000:.0f}",
        },
    }


def libpq_url(url: str | URL) -> str:
    """The URL as PostgreSQL's own library reads it, for connections without SQLAlchemy. It holds the password."""
    text = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    # SQLAlchemy leaves spaces in a password as they are, which the library refuses and shows.
    return text.replace(" ", "%20")


class PoolUse:
    """How many connections of a pool are in use, and how many were at most."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._most = (0, 0)
        event.listen(engine, "checkout", self._checked_out)

    def now(self) -> tuple[int, int]:
        """Connections in use, and how many of all that are open lie beyond the pool's size."""
        pool = self._engine.pool
        if not isinstance(pool, QueuePool):
            return 0, 0
        return pool.checkedout(), max(0, pool.overflow())

    def take_most(self) -> tuple[int, int]:
        """The most of both since this was last asked."""
        now = self.now()
        most, self._most = self._most, now
        return max(most[0], now[0]), max(most[1], now[1])

    def _checked_out(self, *_: object) -> None:
        now = self.now()
        self._most = max(self._most[0], now[0]), max(self._most[1], now[1])


class Database:
    """PostgreSQL for an API process."""

    def __init__(self, settings: DatabaseSettings, application: str) -> None:
        url = driver_url(settings.url.get_secret_value())
        options = _engine_options(settings, application, idle_seconds=60)
        options["connect_args"]["cursor_factory"] = RequestCursor
        self.engine: AsyncEngine = create_async_engine(url, **options)
        self.pool_use = PoolUse(self.engine.sync_engine)
        self._sessions = async_sessionmaker(self.engine, expire_on_commit=False)

    @asynccontextmanager
    async def transaction(self, context: AccessContext) -> AsyncIterator[AsyncSession]:
        """One transaction for `context`: committed at the end, rolled back on any error."""
        session = self._sessions()
        try:
            await session.run_sync(_begin, context)
            yield session
            await session.run_sync(_commit)
        except BaseException:
            # Whoever waits may be gone already: the connection goes back into the pool all the same.
            await asyncio.shield(asyncio.create_task(session.close()))
            raise

    async def close(self) -> None:
        """Close the pool."""
        await self.engine.dispose()


class SyncDatabase:
    """PostgreSQL for a worker process. One that stands still soon loses its transaction, which others wait for."""

    def __init__(self, settings: DatabaseSettings, application: str) -> None:
        url = driver_url(settings.url.get_secret_value())
        self.engine: Engine = create_engine(url, **_engine_options(settings, application, idle_seconds=10))
        self._sessions = sessionmaker(self.engine, expire_on_commit=False)

    @contextmanager
    def transaction(self, context: AccessContext) -> Iterator[Session]:
        """One transaction for `context`: committed at the end, rolled back on any error."""
        with self._sessions() as session:
            _begin(session, context)
            yield session
            session.commit()

    def close(self) -> None:
        """Close the pool."""
        self.engine.dispose()
