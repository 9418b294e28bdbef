"""Results that are described only as far as somebody asks."""

import psycopg
import pytest
from sqlalchemy import text

from accunode_common.db.access import DatabaseRole
from accunode_common.db.cursors import RequestCursor
from accunode_common.db.session import AccessContext, Database, libpq_url
from accunode_common.settings import DatabaseSettings
from accunode_common.testing.plugin import SettingsFactory


@pytest.fixture
def settings(make_settings: SettingsFactory) -> DatabaseSettings:
    return make_settings(DatabaseSettings, DatabaseRole.TENANTS)


@pytest.mark.parametrize(
    "query", ["select 1 as one, now() as moment, 'x'::varchar(7) as word", "select", "set timezone to utc"]
)
async def test_a_result_is_described_as_the_driver_describes_it(settings: DatabaseSettings, query: str) -> None:
    async with await psycopg.AsyncConnection.connect(libpq_url(settings.url.get_secret_value())) as connection:
        plain = (await psycopg.AsyncCursor(connection).execute(query)).description
        lazy = (await RequestCursor(connection).execute(query)).description
        assert (None if lazy is None else list(map(tuple, lazy))) == (plain and list(map(tuple, plain)))
        if lazy and plain:
            assert (lazy[-1].name, lazy[:2][1].name) == (plain[-1].name, plain[1].name)
            with pytest.raises(IndexError):
                _ = lazy[len(plain)]


async def test_statements_of_requests_are_read_by_such_cursors(settings: DatabaseSettings) -> None:
    database = Database(settings, "test")
    async with database.transaction(AccessContext()) as session:
        row = (await session.execute(text("select 1 as one, 'x' as word"))).one()
        assert (row.one, row.word) == (1, "x")
        driver = (await (await session.connection()).get_raw_connection()).driver_connection
        assert driver is not None
        assert driver.cursor_factory is RequestCursor
    await database.close()
