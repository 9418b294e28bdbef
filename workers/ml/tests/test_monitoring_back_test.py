"""Back-tests hold outcomes against what was said at the time, also of records that are deleted since."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from bulk_work import Bulk, annual_csv, healthy
from hypothesis import given
from hypothesis import strategies as st
from portfolio_work import PortfolioJobs

from accunode_common.ids import new_id
from accunode_common.testing.people import World
from accunode_ml.monitoring.back_test import at_observation, back_tested
from accunode_ml.repositories.given_scores import GivenScore, GivenScores
from accunode_scoring import DEFAULT_SCALE, Kind, ModelLibrary

END = date(2021, 12, 31)


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


def _on(day: date, pd: float = 0.01, version: str = "1.0.0") -> GivenScore:
    return GivenScore(datetime(day.year, day.month, day.day, 12, tzinfo=UTC), pd, version)


@given(st.lists(st.integers(-500, 500), min_size=1, max_size=8).map(sorted))
def test_the_score_of_the_day_counts_or_else_the_first_after_it(days: list[int]) -> None:
    scores = [_on(END + timedelta(days=day), pd=place / 10) for place, day in enumerate(days)]
    chosen = at_observation(scores, END)
    before = [score for score, day in zip(scores, days, strict=True) if day <= 0]
    assert chosen is (before[-1] if before else scores[0])


def test_a_back_test_counts_what_was_given_late_replaced_and_deleted() -> None:
    # Given before the year of observation is over; then restated, which changes nothing.
    restated = GivenScores(
        uuid4(), (2021, None), (_on(date(2022, 3, 1), 0.02), _on(date(2023, 3, 1), 0.9, "2.0.0")), False
    )
    late = GivenScores(uuid4(), (2021, None), (_on(date(2023, 1, 1), 0.03, "2.0.0"),), False)
    deleted = GivenScores(uuid4(), (2021, None), (_on(date(2022, 12, 31), 0.04),), True)
    defaults = {deleted.obligor_id: [date(2022, 6, 1)]}
    result = back_tested([restated, late, deleted], defaults, DEFAULT_SCALE, date(2024, 1, 1))
    assert result is not None
    assert result["scores"] == {"as_given": 2, "given_late": 1, "replaced_since": 1, "deleted": 1}
    assert result["model_versions"] == [{"version": "1.0.0", "companies": 2}, {"version": "2.0.0", "companies": 1}]
    assert (result["companies"], result["defaults"]) == (3, 1)
    assert result["mean_pd"] == pytest.approx(0.03)
    assert back_tested([restated], {}, DEFAULT_SCALE, date(2024, 1, 1)) is None
    assert back_tested([restated], defaults, DEFAULT_SCALE, date(2022, 12, 30)) is None


def test_of_a_deleted_prediction_and_the_one_that_replaced_it_the_first_given_counts() -> None:
    company = uuid4()
    again = GivenScores(company, (2021, None), (_on(date(2023, 3, 1), 0.9),), False)
    first = GivenScores(company, (2021, None), (_on(date(2022, 3, 1), 0.02),), True)
    result = back_tested([again, first], {uuid4(): [END]}, DEFAULT_SCALE, date(2024, 1, 1))
    assert result is not None
    assert (result["companies"], result["mean_pd"], result["scores"]["deleted"]) == (1, 0.02, 1)


def _pds(portfolio: PortfolioJobs, world: World) -> list[float]:
    rows = portfolio.bulk.rows("select pd from credit.predictions where tenant_id = %s", world.one.id)
    return [row["pd"] for row in rows]


def _back_test(portfolio: PortfolioJobs, world: World, version: str) -> dict[str, Any]:
    result: dict[str, Any] = portfolio.run(world.one.org_admin, "drift", version)["result"]["back_test"]
    return result


def test_restated_inputs_and_deleted_companies_change_nothing_of_a_back_test(
    portfolio: PortfolioJobs, world: World, version: str
) -> None:
    member, superuser = world.one.org_member, portfolio.bulk.superuser
    portfolio.store(member, 10, year=2021, access_level="organization")
    superuser.execute(
        "insert into credit.outcomes (tenant_id, id, access_level, organization_id, created_by, company_id,"
        " defaulted_on, event) select tenant_id, %s, access_level, organization_id, created_by, id, %s, 'bankruptcy'"
        " from credit.companies where tenant_id = %s and name = 'Company 3'",
        [new_id(), date(2022, 5, 1), world.one.id],
    )
    given_pds = _pds(portfolio, world)
    before = _back_test(portfolio, world, version)
    assert before["mean_pd"] == pytest.approx(sum(given_pds) / 10)
    assert before["scores"] == {"as_given": 0, "given_late": 10, "replaced_since": 0, "deleted": 0}
    worse = [[*healthy(number, year=2021)[:4], -40, -9, -30] for number in range(10)]
    portfolio.bulk.run(member, annual_csv(worse), access_level="organization", on_conflict="update")
    assert min(_pds(portfolio, world)) > max(given_pds)
    restated = _back_test(portfolio, world, version)
    assert restated == {**before, "scores": {**before["scores"], "replaced_since": 10}}
    superuser.execute(
        "delete from credit.companies where tenant_id = %s and name in ('Company 3', 'Company 4')", [world.one.id]
    )
    superuser.execute(
        "delete from credit.predictions p using credit.companies c where p.tenant_id = %s and c.id = p.company_id"
        " and c.name = 'Company 5'",
        [world.one.id],
    )
    kept = _back_test(portfolio, world, version)
    assert kept["scores"] == {**restated["scores"], "deleted": 3}
    assert (kept["companies"], kept["defaults"], kept["model_versions"]) == (10, 1, before["model_versions"])
    assert kept["mean_pd"] == pytest.approx(before["mean_pd"])


def test_another_tenants_deleted_records_are_in_no_back_test(
    portfolio: PortfolioJobs, world: World, version: str
) -> None:
    portfolio.store(world.two.org_member, 5, year=2021, access_level="organization")
    portfolio.bulk.superuser.execute("delete from credit.companies where tenant_id = %s", [world.two.id])
    left = portfolio.bulk.rows("select * from credit.deleted_predictions where tenant_id = %s", world.two.id)
    assert len(left) == 5
    report = portfolio.run(world.one.org_admin, "drift", version)["result"]
    assert (report["rows"], report["back_test"]) == (0, None)
