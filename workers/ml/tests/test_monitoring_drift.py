"""Drift reports: stability against the training population, months, input quality, back-tests, the daily round."""

from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
import redis
from bulk_work import Bulk, annual_csv, healthy
from portfolio_work import PortfolioJobs
from sqlalchemy.engine import make_url

from accunode_common.db.access import DatabaseRole
from accunode_common.ids import PLATFORM_TENANT_ID, new_id
from accunode_common.tasks.messages import MonitorEveryTenant, MonitorTenant
from accunode_common.testing.database import TestDatabase
from accunode_common.testing.people import World
from accunode_ml.monitoring.drift import monitor_tenant
from accunode_ml.monitoring.every_tenant import monitor_every_tenant
from accunode_ml.monitoring.observed import one_year_outcomes, period_end
from accunode_ml.relay.daily import MARKER, DailyRound
from accunode_ml.runtime import Runtime
from accunode_scoring import Kind, ModelLibrary


@pytest.fixture
def portfolio(bulk: Bulk, models: ModelLibrary) -> PortfolioJobs:
    for entry in models.entries():
        bulk.superuser.execute(
            "insert into registry.model_versions (kind, version, sha256, status) values (%s, %s, %s, %s)"
            " on conflict do nothing",
            [entry.kind, entry.version, entry.sha256, entry.status],
        )
    return PortfolioJobs(bulk)


@pytest.fixture
def version(models: ModelLibrary) -> str:
    return models.champion(Kind.ANNUAL).version


def _libpq(url: str) -> str:
    return make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)


def _reports(portfolio: PortfolioJobs, tenant_id: UUID) -> list[dict[str, Any]]:
    return portfolio.bulk.rows("select * from registry.drift_reports where tenant_id = %s order by id", tenant_id)


def _default(portfolio: PortfolioJobs, company: str, day: date, world: World) -> None:
    portfolio.bulk.superuser.execute(
        "insert into credit.outcomes (tenant_id, id, access_level, organization_id, created_by, company_id,"
        " defaulted_on, event) select tenant_id, %s, access_level, organization_id, created_by, id, %s, 'bankruptcy'"
        " from credit.companies where tenant_id = %s and name = %s",
        [new_id(), day, world.one.id, company],
    )


def test_a_job_reports_on_all_shared_records_of_the_tenant(
    portfolio: PortfolioJobs, world: World, version: str
) -> None:
    portfolio.store(world.one.org_member, 9, access_level="organization")
    portfolio.store(world.one.outsider, 4, access_level="organization")
    portfolio.store(world.one.org_member, 3, name="Private", access_level="personal")
    portfolio.store(world.two.org_member, 5, access_level="organization")
    job = portfolio.run(world.one.org_admin, "drift", version)
    assert (job["state"], job["rows_accepted"]) == ("completed", 13), job
    (stored,) = _reports(portfolio, world.one.id)
    report = stored["report"]
    assert job["result"] == {"report_id": str(stored["id"]), **report}
    assert (stored["kind"], stored["version"], report["rows"]) == ("annual", version, 13)
    assert {column["column"] for column in report["columns"]} >= {"pd", "return_on_assets", "total_debt_to_ebitda"}
    assert report["variants"] == [{"variant": "plain", "rows": 13}]
    assert report["thresholds"] == {"watch": 0.1, "act": 0.25, "fewest_rows": 50, "chance": 0.01}
    assert report["stability"] == "too_few"
    assert [month["rows"] for month in report["months"]] == [13]
    assert report["back_test"] is None
    assert portfolio.perform(job["id"]) == job
    assert len(_reports(portfolio, world.one.id)) == 1


def test_a_population_of_sound_companies_alone_has_shifted(
    portfolio: PortfolioJobs, world: World, version: str
) -> None:
    portfolio.store(world.one.org_member, 60, access_level="organization")
    report = portfolio.run(world.one.org_admin, "drift", version)["result"]
    assert (report["stability"], [month["stability"] for month in report["months"]]) == ("shifted", ["shifted"])


def test_missing_and_unusual_inputs_are_counted(portfolio: PortfolioJobs, world: World, version: str) -> None:
    rows = [healthy(number) for number in range(4)]
    rows[0][6] = ""
    rows[1][3] = 900_000
    portfolio.bulk.run(world.one.org_member, annual_csv(rows), access_level="organization")
    report = portfolio.run(world.one.org_admin, "drift", version)["result"]
    columns = {column["column"]: column for column in report["columns"]}
    assert columns["return_on_assets"]["missing_share"] == 0.25
    assert columns["total_debt_to_ebitda"]["out_of_range_share"] == 0.25
    assert report["months"][0]["columns"][0]["missing_share"] is not None


def test_an_empty_population_has_a_report_of_nothing(portfolio: PortfolioJobs, world: World, version: str) -> None:
    report = portfolio.run(world.one.org_admin, "drift", version)["result"]
    assert (report["rows"], report["stability"], report["columns"], report["months"]) == (0, None, [], [])


def test_outcomes_give_a_back_test_by_grade_and_year(portfolio: PortfolioJobs, world: World, version: str) -> None:
    for year in (2020, 2021):
        portfolio.store(world.one.org_member, 10, year=year, access_level="organization")
    _default(portfolio, "Company 3", date(2022, 5, 1), world)
    tested = portfolio.run(world.one.org_admin, "drift", version)["result"]["back_test"]
    assert (tested["companies"], tested["defaults"]) == (20, 1)
    assert [(year["fiscal_year"], year["companies"], year["defaults"]) for year in tested["years"]] == [
        (2020, 10, 0),
        (2021, 10, 1),
    ]
    assert sum(grade["companies"] for grade in tested["grades"]) == 20
    assert sum(grade["defaults"] for grade in tested["grades"]) == 1
    assert all(0 <= grade["p_value"] <= 1 and grade["low"] <= grade["high"] for grade in tested["grades"])
    _default(portfolio, "Company 4", date(2021, 3, 1), world)
    tested = portfolio.run(world.one.org_admin, "drift", version)["result"]["back_test"]
    assert (tested["companies"], tested["defaults"]) == (19, 2)


def test_only_predictions_whose_year_has_passed_have_outcomes() -> None:
    company, other = uuid4(), uuid4()
    assert (period_end((2023, None)), period_end((2023, 1))) == (date(2023, 12, 31), date(2023, 3, 31))
    periods = [(2022, 1), (2022, 3), (2023, 4), (2022, 4)]
    companies = [company, company, company, other]
    defaults = {company: [date(2023, 10, 1)]}
    places, outcomes = one_year_outcomes(companies, periods, defaults, date(2024, 1, 1))
    assert (places.tolist(), outcomes.tolist()) == ([1, 3], [0.0, 0.0])
    defaults = {company: [date(2023, 9, 30)]}
    places, outcomes = one_year_outcomes(companies, periods, defaults, date(2024, 1, 1))
    assert (places.tolist(), outcomes.tolist()) == ([1, 3], [1.0, 0.0])


def test_the_daily_round_reports_once_and_only_where_there_is_something(
    portfolio: PortfolioJobs, world: World, runtime: Runtime
) -> None:
    portfolio.store(world.one.org_member, 5, access_level="organization")
    for _ in range(2):
        monitor_tenant(runtime, MonitorTenant(tenant_id=world.one.id))
        monitor_tenant(runtime, MonitorTenant(tenant_id=world.two.id))
    assert [report["kind"] for report in _reports(portfolio, world.one.id)] == ["annual"]
    assert _reports(portfolio, world.two.id) == []


def test_the_round_reaches_every_active_tenant(portfolio: PortfolioJobs, world: World, runtime: Runtime) -> None:
    portfolio.bulk.superuser.execute("update tenancy.tenants set status = 'suspended' where id = %s", [world.two.id])
    monitor_every_tenant(runtime, MonitorEveryTenant(tenant_id=PLATFORM_TENANT_ID))
    sent = portfolio.bulk.rows(
        "select tenant_id from ops.outbox where task = 'monitoring.tenant' and tenant_id in (%s, %s)",
        world.one.id,
        world.two.id,
    )
    assert [row["tenant_id"] for row in sent] == [world.one.id]
    portfolio.bulk.superuser.execute("delete from ops.outbox where task = 'monitoring.tenant'")


def test_the_relay_begins_the_round_once_a_day_also_after_redis_was_away(
    test_database: TestDatabase, redis_server: Any
) -> None:
    broker = redis.Redis.from_url(redis_server.url, decode_responses=True)
    broker.delete(MARKER)
    night, day = datetime(2024, 5, 6, 1, tzinfo=UTC), datetime(2024, 5, 6, 2, tzinfo=UTC)
    with psycopg.connect(_libpq(test_database.url(DatabaseRole.RELAY)), autocommit=True) as connection:
        relay, second = DailyRound(2), DailyRound(2)
        assert not relay.start_if_due(connection, broker, night)
        with redis.Redis(port=1) as unreachable, pytest.raises(redis.ConnectionError):
            relay.start_if_due(connection, unreachable, day)
        assert relay.start_if_due(connection, broker, day)
        assert not relay.start_if_due(connection, broker, day)
        assert not second.start_if_due(connection, broker, day)
        assert relay.start_if_due(connection, broker, datetime(2024, 5, 7, 3, tzinfo=UTC))
        rows = connection.execute("delete from ops.outbox where task = 'monitoring.every_tenant' returning queue")
        assert [row[0] for row in rows] == ["maintenance", "maintenance"]
    broker.delete(MARKER)
    broker.close()
