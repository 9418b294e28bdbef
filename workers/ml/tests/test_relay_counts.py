"""The relay sums up the changes of counts while others append, and mends counts that differ from the rows."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import psycopg
import pytest
from bulk_processes import wait_until
from structlog.testing import capture_logs

from accunode_common.db.access import DatabaseRole
from accunode_common.ids import new_id
from accunode_common.testing.database import TestDatabase
from accunode_ml.relay import prediction_counts
from accunode_ml.relay.prediction_counts import BUSY_SECONDS, COMPACT_SECONDS, Compaction, DailyRepair, compact, repair

APPEND = """
    insert into credit.prediction_counts (tenant_id, access_level, scope_id, kind, fiscal_year, sector, risk_level,
        grade, is_newest, predictions, pd_sum)
    values (%(tenant)s, 'personal', %(tenant)s, 'annual', %(year)s, null, 'LOW', 'A', true, %(n)s, %(n)s * 0.1)
"""
SUMS = """
    select fiscal_year, sum(predictions), sum(pd_sum) from credit.prediction_counts where tenant_id = %s
    group by fiscal_year having sum(predictions) <> 0 order by fiscal_year
"""


@pytest.fixture
def relay(test_database: TestDatabase) -> Iterator[psycopg.Connection]:
    with psycopg.connect(test_database.url(DatabaseRole.RELAY), autocommit=True) as connection:
        repair(connection)
        yield connection
        repair(connection)
        while compact(connection):
            pass


def test_summing_up_keeps_the_sums_and_leaves_a_row_for_each_group_that_has_any(
    relay: psycopg.Connection, superuser: psycopg.Connection
) -> None:
    tenant = new_id()
    for year, n in ((2020, 3), (2020, -1), (2021, 2), (2021, -2), (2022, 5)):
        superuser.execute(APPEND, {"tenant": tenant, "year": year, "n": n})
    before = superuser.execute(SUMS, [tenant]).fetchall()

    while compact(relay, most=1):
        pass

    assert superuser.execute(SUMS, [tenant]).fetchall() == before
    kept = "select fiscal_year, predictions from credit.prediction_counts where tenant_id = %s order by 1"
    assert superuser.execute(kept, [tenant]).fetchall() == [(2020, 2), (2022, 5)]


def test_while_many_changes_come_they_are_summed_up_more_often(
    relay: psycopg.Connection, superuser: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    tenant, clock = new_id(), [1000.0]
    monkeypatch.setattr(prediction_counts, "MANY_CHANGES", 8)
    monkeypatch.setattr(prediction_counts.time, "monotonic", lambda: clock[0])
    compaction = Compaction()

    def rows_after(seconds: float, appended: int) -> int:
        clock[0] += seconds
        for _ in range(appended):
            superuser.execute(APPEND, {"tenant": tenant, "year": 2020, "n": 1})
        compaction.compact_if_due(relay)
        rows = superuser.execute("select count(*) from credit.prediction_counts where tenant_id = %s", [tenant])
        return int(rows.fetchall()[0][0])

    assert rows_after(0, 8) == 1
    assert rows_after(BUSY_SECONDS - 1, 9) == 10
    assert rows_after(1, 0) == 1
    assert rows_after(BUSY_SECONDS, 1) == 1
    assert rows_after(BUSY_SECONDS, 1) == 2
    assert rows_after(COMPACT_SECONDS - BUSY_SECONDS, 0) == 1


def test_two_relays_sum_up_while_others_append_and_nothing_is_lost(
    relay: psycopg.Connection, superuser: psycopg.Connection, test_database: TestDatabase
) -> None:
    tenant = new_id()

    def append(number: int) -> None:
        with psycopg.connect(test_database.admin_url, autocommit=True) as connection:
            for _ in range(50):
                connection.execute(APPEND, {"tenant": tenant, "year": 2020 + number % 2, "n": 1})

    def sum_up(_: int) -> None:
        with psycopg.connect(test_database.url(DatabaseRole.RELAY), autocommit=True) as connection:
            for _ in range(25):
                compact(connection)

    with ThreadPoolExecutor(4) as workers:
        tasks = [workers.submit(work, number) for number in range(2) for work in (append, sum_up)]
        for task in tasks:
            task.result()

    assert [row[1] for row in superuser.execute(SUMS, [tenant]).fetchall()] == [50, 50]


@pytest.fixture
def daily(test_database: TestDatabase, relay: psycopg.Connection) -> Iterator[DailyRepair]:
    """From three o'clock on."""
    repair = DailyRepair(3, lambda: psycopg.connect(test_database.url(DatabaseRole.RELAY), autocommit=True))
    yield repair
    repair.close()


def test_counts_that_differ_are_an_error_in_the_log_once_a_day_and_mended(
    daily: DailyRepair, superuser: psycopg.Connection
) -> None:
    tenant = new_id()
    superuser.execute(APPEND, {"tenant": tenant, "year": 2020, "n": 7})
    with capture_logs() as logs:
        daily.start_if_due(datetime(2026, 1, 1, 2, 59, tzinfo=UTC))
        assert not daily.is_running
        assert superuser.execute(SUMS, [tenant]).fetchall() != []
        for hour in (3, 4):
            daily.start_if_due(datetime(2026, 1, 1, hour, tzinfo=UTC))
            daily.wait()
    assert [(entry["log_level"], entry["groups"]) for entry in logs] == [("error", 1)]
    assert superuser.execute(SUMS, [tenant]).fetchall() == []


@pytest.fixture
def locked(test_database: TestDatabase) -> Iterator[psycopg.Connection]:
    """A transaction that lets nobody read companies, as the comparison does."""
    with psycopg.connect(test_database.admin_url) as connection:
        connection.execute("lock table credit.companies in access exclusive mode")
        yield connection


def _wait_until_it_waits(superuser: psycopg.Connection) -> None:
    waiting = (
        "select 1 from pg_stat_activity where query like '%repair_counts()%' and wait_event_type = 'Lock'"
        " and datname = current_database()"
    )
    wait_until(lambda: superuser.execute(waiting).fetchone() is not None, seconds=30)


def test_a_comparison_that_takes_long_holds_up_neither_summing_up_nor_whoever_began_it(
    daily: DailyRepair, relay: psycopg.Connection, locked: psycopg.Connection, superuser: psycopg.Connection
) -> None:
    tenant = new_id()
    superuser.execute(APPEND, {"tenant": tenant, "year": 2020, "n": 2})
    superuser.execute(APPEND, {"tenant": tenant, "year": 2020, "n": 3})
    with capture_logs() as logs:
        daily.start_if_due(datetime(2026, 1, 1, 3, tzinfo=UTC))
        _wait_until_it_waits(superuser)
        daily.start_if_due(datetime(2026, 1, 1, 4, tzinfo=UTC))
        while compact(relay):
            pass
        assert daily.is_running
        assert [row[1] for row in superuser.execute(SUMS, [tenant]).fetchall()] == [5]
        locked.rollback()
        daily.wait()
    assert [entry["groups"] for entry in logs] == [1]
    assert superuser.execute(SUMS, [tenant]).fetchall() == []


def test_of_two_relays_one_compares_at_a_time(
    daily: DailyRepair, relay: psycopg.Connection, locked: psycopg.Connection, superuser: psycopg.Connection
) -> None:
    tenant = new_id()
    superuser.execute(APPEND, {"tenant": tenant, "year": 2020, "n": 7})
    daily.start_if_due(datetime(2026, 1, 1, 3, tzinfo=UTC))
    _wait_until_it_waits(superuser)
    assert repair(relay) == 0
    locked.rollback()
    daily.wait()
    assert superuser.execute(SUMS, [tenant]).fetchall() == []


def test_a_relay_that_ends_breaks_its_comparison_off(
    daily: DailyRepair, locked: psycopg.Connection, superuser: psycopg.Connection
) -> None:
    with capture_logs() as logs:
        daily.start_if_due(datetime(2026, 1, 1, 3, tzinfo=UTC))
        _wait_until_it_waits(superuser)
        daily.close()
    assert not daily.is_running
    assert [entry["log_level"] for entry in logs] == ["error"]
