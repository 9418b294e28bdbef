"""The relay sums up the changes of counts while others append, and mends counts that differ from the rows."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import psycopg
import pytest
from structlog.testing import capture_logs

from accunode_common.db.access import DatabaseRole
from accunode_common.ids import new_id
from accunode_common.testing.database import TestDatabase
from accunode_ml.relay.counts import Counts, compact, repair

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


def test_counts_that_differ_are_an_error_in_the_log_once_a_day_and_mended(
    relay: psycopg.Connection, superuser: psycopg.Connection
) -> None:
    tenant = new_id()
    counts = Counts(hour=3)
    superuser.execute(APPEND, {"tenant": tenant, "year": 2020, "n": 7})
    with capture_logs() as logs:
        counts.keep_if_due(relay, datetime(2026, 1, 1, 2, 59, tzinfo=UTC))
        assert superuser.execute(SUMS, [tenant]).fetchall() != []
        counts.keep_if_due(relay, datetime(2026, 1, 1, 3, tzinfo=UTC))
        counts.keep_if_due(relay, datetime(2026, 1, 1, 4, tzinfo=UTC))
    assert [(entry["log_level"], entry["groups"]) for entry in logs] == [("error", 1)]
    assert superuser.execute(SUMS, [tenant]).fetchall() == []
