"""Stress runs over a portfolio."""

from typing import Any
from uuid import UUID

import numpy as np
import pytest
from bulk_work import Bulk, annual_csv, healthy
from portfolio_work import PortfolioJobs

from accunode_common.db.session import AccessContext
from accunode_common.models.columns import AccessLevel
from accunode_common.testing.people import Caller, World
from accunode_ml.portfolio.scenario import Shock
from accunode_ml.repositories.portfolio import Portfolio, count_companies, next_companies
from accunode_scoring import Kind, ModelLibrary

WORSE = {
    "return_on_assets": {"operation": "add", "value": -20.0},
    "total_debt_to_ebitda": {"operation": "multiply", "value": 2.0},
}


@pytest.fixture
def portfolio(bulk: Bulk) -> PortfolioJobs:
    return PortfolioJobs(bulk)


@pytest.fixture
def version(models: ModelLibrary) -> str:
    return models.champion(Kind.ANNUAL).version


def test_the_portfolio_is_compared_before_and_after_by_each_companys_newest_prediction(
    portfolio: PortfolioJobs, world: World, models: ModelLibrary, version: str
) -> None:
    member = world.one.org_member
    portfolio.store(member, 6, year=2022, access_level="organization")
    upload = portfolio.store(member, 6, year=2023, access_level="organization")
    stored = portfolio.bulk.predictions(upload)
    snapshot = portfolio.bulk.rows("select * from credit.predictions where tenant_id = %s order by id", world.one.id)
    job = portfolio.run(member, "stress", version, name="Recession", shocks=WORSE, filters={})
    assert (job["state"], job["rows_total"], job["rows_accepted"]) == ("completed", 6, 6), job
    result = job["result"]
    scorer = models.champion(Kind.ANNUAL)
    expected = 0.0
    for row in stored:
        ratios = {column: row[column] for column in scorer.columns}
        ratios["return_on_assets"] -= 20.0
        ratios["total_debt_to_ebitda"] *= 2.0
        expected += scorer.score(ratios).pd
    assert abs(result["after"]["expected_defaults"] - expected) < 1e-12
    assert abs(result["before"]["mean_pd"] - np.mean([row["pd"] for row in stored])) < 1e-12
    assert sum(result["before"]["grades"].values()) == sum(result["after"]["risk_levels"].values()) == 6
    assert result["upgraded"] + result["unchanged"] + result["downgraded"] == 6
    assert sum(move["count"] for move in result["transitions"]) == 6
    changes = [abs(mover["pd_change"]) for mover in result["movers"]]
    assert changes == sorted(changes, reverse=True)
    assert {mover["fiscal_year"] for mover in result["movers"]} == {2023}
    assert result["scenario"]["name"] == "Recession"
    now = portfolio.bulk.rows("select * from credit.predictions where tenant_id = %s order by id", world.one.id)
    assert now == snapshot


SEEN = {
    "org_member": {"Shared", "Mine"},
    "other_member": {"Shared"},
    "tenant_admin": {"Shared", "Treasury"},
    "outsider": {"Treasury"},
}


@pytest.mark.parametrize("who", SEEN)
def test_a_scenario_covers_what_its_submitter_sees(
    portfolio: PortfolioJobs, world: World, version: str, who: str
) -> None:
    one = world.one
    portfolio.store(one.org_member, 1, name="Shared", access_level="organization")
    portfolio.store(one.org_member, 1, name="Mine", access_level="personal")
    portfolio.store(one.outsider, 1, name="Treasury", access_level="organization")
    portfolio.store(world.two.org_member, 1, name="Foreign", access_level="organization")
    caller: Caller = getattr(one, who)
    result = portfolio.run(caller, "stress", version, shocks=WORSE, filters={})["result"]
    assert {mover["name"].rsplit(" ", 1)[0] for mover in result["movers"]} == SEEN[who]


def test_filters_narrow_the_portfolio(portfolio: PortfolioJobs, world: World, version: str) -> None:
    member = world.one.org_member
    rows = [[*healthy(number), "Energy" if number < 2 else "Retail"] for number in range(5)]
    portfolio.bulk.run(member, annual_csv(rows, extra=["sector"]), access_level="organization")

    def counted(**filters: Any) -> int:
        job = portfolio.run(member, "stress", version, shocks=WORSE, filters=filters)
        count: int = job["result"]["before"]["count"]
        return count

    assert counted(sectors=["Energy"]) == 2
    assert counted(fiscal_year=2023) == 5
    assert counted(fiscal_year=1999) == 0
    assert counted(access_level="personal") == 0
    everything = counted()
    assert sum(counted(risk_levels=[level]) for level in ("LOW", "MEDIUM", "HIGH", "CRITICAL")) == everything == 5


FILED = [("A", 2023, 1), ("A", 2022, 4), ("B", 2022, 2), ("A", 2023, 3), ("B", 2022, 3), ("C", 2023, 2), ("C", 2022, 1)]
WINDOW = """
    select distinct on (company_id) id from credit.predictions
    where tenant_id = %s and kind = 'quarterly' and (%s::int is null or fiscal_year = %s)
    order by company_id, fiscal_year desc, fiscal_quarter desc
"""


@pytest.mark.parametrize("year", [None, 2022, 2023, 2021])
def test_each_companys_newest_prediction_is_read_whatever_order_they_came_in(
    bulk: Bulk, world: World, year: int | None
) -> None:
    member = world.one.org_member
    head = "Company,Fiscal year,Fiscal quarter,Total debt / EBITDA,SG&A margin,Long-term debt / total capital,ROC\n"
    for rows in (FILED[:3], FILED[3:]):
        lines = "".join(f"{name},{filed},{quarter},2.5,20,30,9\n" for name, filed, quarter in rows)
        bulk.run(member, (head + lines).encode(), kind="quarterly", access_level="organization")
    levels = (AccessLevel.PERSONAL, AccessLevel.ORGANIZATION)
    asked = Portfolio(member.tenant_id, Kind.QUARTERLY, levels, year)
    context = AccessContext(
        tenant_id=member.tenant_id, user_id=member.user_id, organization_id=member.subject.organization_id
    )
    found: list[UUID] = []
    with bulk.runtime.database.transaction(context) as session:
        after = UUID(int=0)
        while rows_read := next_companies(session, asked, after=after, most=2):
            found += [row["id"] for row in rows_read]
            after = rows_read[-1]["company_id"]
        assert count_companies(session, asked) == len(found)
    assert found == [row["id"] for row in bulk.rows(WINDOW, member.tenant_id, year, year)]
    assert len(found) == {None: 3, 2022: 3, 2023: 2, 2021: 0}[year]


def test_shocks_leave_missing_values_and_negative_denominators_alone() -> None:
    values = np.array([np.nan, -3.0, -0.0, 2.0, 0.5])
    shocked = Shock("add", -1.0).apply("total_debt_to_ebitda", values)
    np.testing.assert_array_equal(shocked, [np.nan, -3.0, -0.0, 1.0, 0.0])
    assert np.signbit(shocked[2])
    np.testing.assert_array_equal(Shock("add", -1.0).apply("return_on_assets", values)[1:], [-4.0, -1.0, 1.0, -0.5])
    assert Shock("multiply", 10.0).apply("return_on_assets", np.array([999_999.0]))[0] < 1e6
