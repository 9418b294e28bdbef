"""The relay gives numbers to the reason codes and flags that the release before left in words."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from bulk_work import Bulk
from portfolio_work import PortfolioJobs
from structlog.testing import capture_logs

from accunode_common.db.access import DatabaseRole
from accunode_common.testing.database import TestDatabase
from accunode_common.testing.people import World
from accunode_ml.relay import numbering
from accunode_ml.relay.numbering import Numbering

STARTED = datetime(2026, 1, 1, 14, tzinfo=UTC)
AT_NIGHT = datetime(2026, 1, 2, 3, tzinfo=UTC)
IN_WORDS = """
    update credit.predictions set reason_codes = credit.codes(reason_numbers), flags = credit.codes(flag_numbers),
        reason_numbers = null, flag_numbers = null where job_id = %s
"""


@pytest.fixture
def relay(test_database: TestDatabase, monkeypatch: pytest.MonkeyPatch) -> Iterator[psycopg.Connection]:
    # Long enough for a round to reach the end on a busy machine.
    monkeypatch.setattr(numbering, "ROUND_SECONDS", 60)
    with psycopg.connect(test_database.url(DatabaseRole.RELAY), autocommit=True) as connection:
        Numbering(3, STARTED).go_on_if_due(connection, AT_NIGHT)
        yield connection


def predictions(bulk: Bulk, job: Any) -> list[dict[str, Any]]:
    return bulk.rows("select * from credit.predictions where job_id = %s order by row_number", job)


def test_words_become_numbers_at_night_and_nothing_else_changes(
    portfolio: PortfolioJobs, world: World, relay: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(numbering, "MOST_ROWS", 3)
    job = portfolio.store(world.one.org_member, 10)
    before = predictions(portfolio.bulk, job)
    portfolio.bulk.superuser.execute(IN_WORDS, [job])
    in_words = predictions(portfolio.bulk, job)
    assert all(row["reason_codes"] and row["reason_numbers"] is None for row in in_words)
    nightly = Numbering(3, STARTED)
    with capture_logs() as logs:
        nightly.go_on_if_due(relay, AT_NIGHT - timedelta(minutes=1))
        assert predictions(portfolio.bulk, job) == in_words
        nightly.go_on_if_due(relay, AT_NIGHT)
        assert predictions(portfolio.bulk, job) == before
        nightly.go_on_if_due(relay, AT_NIGHT + timedelta(hours=1))
    assert [(entry["event"], entry["predictions"]) for entry in logs] == [("codes of predictions numbered", 10)]


def test_whoever_holds_a_row_is_not_waited_for(
    portfolio: PortfolioJobs, world: World, relay: psycopg.Connection, test_database: TestDatabase
) -> None:
    job = portfolio.store(world.one.org_member, 3)
    portfolio.bulk.superuser.execute(IN_WORDS, [job])
    held = predictions(portfolio.bulk, job)[1]["id"]
    with psycopg.connect(test_database.admin_url) as holder:
        holder.execute("select 1 from credit.predictions where id = %s for update", [held])
        Numbering(3, STARTED).go_on_if_due(relay, AT_NIGHT)
        assert [row["id"] for row in predictions(portfolio.bulk, job) if row["reason_codes"]] == [held]
    Numbering(3, STARTED).go_on_if_due(relay, AT_NIGHT)
    assert [row["reason_codes"] for row in predictions(portfolio.bulk, job)] == [[], [], []]
