"""For whom a part of a transaction runs: somebody else for a while, and the caller again afterwards."""

from collections.abc import AsyncIterator, Iterator

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError, ProgrammingError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Session

from accunode_common.db.access import DatabaseRole
from accunode_common.db.session import AccessContext, Database, Reach, SyncDatabase, acting_as, acting_as_sync
from accunode_common.ids import new_id
from accunode_common.models.tenancy import Tenant
from accunode_common.settings import DatabaseSettings
from accunode_common.testing.plugin import SettingsFactory

CALLER = AccessContext(tenant_id=new_id(), user_id=new_id(), read_reach=Reach.TENANT)
OTHER = AccessContext(user_id=new_id(), organization_id=new_id(), write_reach=Reach.PLATFORM)
THIRD = AccessContext(tenant_id=new_id())


@pytest.fixture(scope="module")
async def database(make_settings: SettingsFactory) -> AsyncIterator[Database]:
    made = Database(make_settings(DatabaseSettings, DatabaseRole.TENANTS), "test")
    yield made
    await made.close()


@pytest.fixture(scope="module")
def sync_database(make_settings: SettingsFactory) -> Iterator[SyncDatabase]:
    made = SyncDatabase(make_settings(DatabaseSettings, DatabaseRole.TENANTS), "test")
    yield made
    made.close()


SHOWN = text("select " + ", ".join(f"current_setting('app.{name}') {name}" for name in CALLER.settings()))


async def context(session: AsyncSession) -> dict[str, str]:
    return dict((await session.execute(SHOWN)).one()._mapping)


def context_sync(session: Session) -> dict[str, str]:
    return dict(session.execute(SHOWN).one()._mapping)


async def test_a_part_of_a_transaction_runs_for_somebody_else_and_the_rest_for_the_caller(database: Database) -> None:
    async with database.transaction(CALLER) as session:
        async with acting_as(session, OTHER):
            assert await context(session) == OTHER.settings()
        assert await context(session) == CALLER.settings()


async def test_one_such_part_may_lie_in_another(database: Database) -> None:
    async with database.transaction(CALLER) as session:
        async with acting_as(session, OTHER):
            async with acting_as(session, THIRD):
                assert await context(session) == THIRD.settings()
            assert await context(session) == OTHER.settings()
        assert await context(session) == CALLER.settings()


async def test_the_callers_context_is_back_after_an_error_of_our_own(database: Database) -> None:
    async with database.transaction(CALLER) as session:
        with pytest.raises(LookupError):
            async with acting_as(session, OTHER):
                raise LookupError
        assert await context(session) == CALLER.settings()


async def test_the_callers_context_is_back_after_an_error_of_the_database(database: Database) -> None:
    async with database.transaction(CALLER) as session:
        with pytest.raises(ProgrammingError):
            async with session.begin_nested(), acting_as(session, OTHER):
                await session.execute(text("select nothing from nowhere"))
        assert await context(session) == CALLER.settings()
        async with acting_as(session, OTHER):
            pass
        assert await context(session) == CALLER.settings()


async def test_the_error_itself_is_raised_where_the_whole_transaction_has_failed(database: Database) -> None:
    with pytest.raises(ProgrammingError, match="nowhere"):
        async with database.transaction(CALLER) as session, acting_as(session, OTHER):
            await session.execute(text("select nothing from nowhere"))


async def test_the_next_transaction_of_the_connection_knows_nothing_of_it(database: Database) -> None:
    with pytest.raises(LookupError):
        async with database.transaction(CALLER) as session, acting_as(session, OTHER):
            raise LookupError
    async with database.transaction(AccessContext()) as session:
        assert await context(session) == AccessContext().settings()


async def test_what_was_changed_is_written_in_the_context_in_which_that_was_done(database: Database) -> None:
    platform = AccessContext(read_reach=Reach.PLATFORM, write_reach=Reach.PLATFORM)
    tenant_id = new_id()
    async with database.transaction(CALLER) as session:
        async with acting_as(session, platform):
            session.add(Tenant(id=tenant_id, name=f"Bank {tenant_id}", slug=f"bank-{tenant_id}"))
        assert not session.new


async def test_what_cannot_be_written_is_an_error_of_its_own_part(database: Database) -> None:
    platform = AccessContext(read_reach=Reach.PLATFORM, write_reach=Reach.PLATFORM)
    async with database.transaction(CALLER) as session:
        with pytest.raises(IntegrityError):
            async with session.begin_nested(), acting_as(session, platform):
                session.add(Tenant(id=new_id(), name="Bank", slug=f"bank-{new_id()}", status="unheard of"))
        assert await context(session) == CALLER.settings()


def test_a_part_of_a_workers_transaction_runs_for_somebody_else(sync_database: SyncDatabase) -> None:
    with sync_database.transaction(CALLER) as session:
        with acting_as_sync(session, OTHER):
            assert context_sync(session) == OTHER.settings()
        assert context_sync(session) == CALLER.settings()


def test_a_workers_context_is_back_after_errors(sync_database: SyncDatabase) -> None:
    with sync_database.transaction(CALLER) as session:
        with pytest.raises(LookupError), acting_as_sync(session, OTHER):
            raise LookupError
        assert context_sync(session) == CALLER.settings()
        with pytest.raises(ProgrammingError), session.begin_nested(), acting_as_sync(session, OTHER):
            session.execute(text("select nothing from nowhere"))
        assert context_sync(session) == CALLER.settings()
