"""Jobs score at the tenant's long-run default rate, whichever job it is, and keep what was given before."""

import math
from datetime import UTC, datetime

import pytest
from bulk_work import Bulk, annual_csv, healthy
from portfolio_work import PortfolioJobs

from accunode_common.ids import new_id
from accunode_common.testing.people import World
from accunode_scoring import PROBABILITIES, Kind, ModelLibrary

RATE = 0.04


def _set_rate(bulk: Bulk, world: World, rate: float | None) -> None:
    bulk.superuser.execute(
        "insert into credit.central_tendencies (tenant_id, id, kind, rate, effective_from, set_by)"
        " values (%s, %s, 'annual', %s, %s, %s)",
        [world.one.id, new_id(), rate, datetime.now(UTC).date(), world.one.tenant_admin.user_id],
    )


def test_a_file_is_scored_at_the_tenants_rate_and_again_at_the_models_own(
    bulk: Bulk, world: World, models: ModelLibrary
) -> None:
    scorer, content = models.champion(Kind.ANNUAL), annual_csv([healthy(number) for number in range(5)])
    _set_rate(bulk, world, RATE)
    job = bulk.run(world.one.org_member, content)
    stored = bulk.predictions(job["id"])
    moved = scorer.at_rate(RATE)
    for row in stored:
        score = moved.score({column: row[column] for column in scorer.columns})
        assert row["log_odds_shift"] == moved.log_odds_shift > 0
        for name in PROBABILITIES:
            assert math.isclose(row[name], getattr(score, name), rel_tol=1e-12)
        assert (row["grade"], row["risk_level"]) == (score.grade, score.risk_level)
    _set_rate(bulk, world, None)
    job = bulk.run(world.one.org_member, content, on_conflict="update")
    again = bulk.predictions(job["id"])
    assert [row["log_odds_shift"] for row in again] == [0.0] * 5
    kept = bulk.rows("select snapshot from credit.prediction_versions where tenant_id = %s", world.one.id)
    assert sorted((each["snapshot"]["pd"], each["snapshot"]["log_odds_shift"]) for each in kept) == sorted(
        (row["pd"], row["log_odds_shift"]) for row in stored
    )


def test_scoring_a_portfolio_again_brings_it_to_the_rate_once(bulk: Bulk, world: World, models: ModelLibrary) -> None:
    portfolio, version = PortfolioJobs(bulk), models.champion(Kind.ANNUAL).version
    upload = portfolio.store(world.one.org_admin, 6, access_level="organization")
    before = {row["id"]: row["pd"] for row in bulk.predictions(upload)}
    _set_rate(bulk, world, RATE)
    result = portfolio.run(world.one.org_admin, "rescore", version)["result"]
    assert (result["changed"], result["unchanged"]) == (6, 0)
    shift = models.champion(Kind.ANNUAL).at_rate(RATE).log_odds_shift
    for row in bulk.predictions(upload):
        odds, earlier = (pd / (1.0 - pd) for pd in (row["pd"], before[row["id"]]))
        assert math.log(odds / earlier) == pytest.approx(shift, abs=1e-9)
        assert row["log_odds_shift"] == shift
    again = portfolio.run(world.one.org_admin, "rescore", version)["result"]
    assert (again["changed"], again["unchanged"]) == (0, 6)


def test_a_stress_run_is_before_and_after_at_the_rate(bulk: Bulk, world: World, models: ModelLibrary) -> None:
    portfolio, scorer = PortfolioJobs(bulk), models.champion(Kind.ANNUAL)
    _set_rate(bulk, world, RATE)
    upload = portfolio.store(world.one.org_member, 4, access_level="organization")
    shocks = {"return_on_assets": {"operation": "add", "value": -20.0}}
    result = portfolio.run(world.one.org_member, "stress", scorer.version, shocks=shocks, filters={})["result"]
    rows = bulk.predictions(upload)
    assert result["before"]["expected_defaults"] == pytest.approx(sum(row["pd"] for row in rows))
    shocked = [
        {**{name: row[name] for name in scorer.columns}, "return_on_assets": row["return_on_assets"] - 20.0}
        for row in rows
    ]
    expected = sum(scorer.at_rate(RATE).score(values).pd for values in shocked)
    assert result["after"]["expected_defaults"] == pytest.approx(expected)


def test_drift_is_the_same_at_any_rate_and_the_back_test_holds_what_was_given_before_it(
    bulk: Bulk, world: World, models: ModelLibrary
) -> None:
    portfolio, version = PortfolioJobs(bulk), models.champion(Kind.ANNUAL).version
    for entry in models.entries():
        bulk.superuser.execute(
            "insert into registry.model_versions (kind, version, sha256, status) values (%s, %s, %s, %s)"
            " on conflict do nothing",
            [entry.kind, entry.version, entry.sha256, entry.status],
        )
    portfolio.store(world.one.org_admin, 60, year=2021, access_level="organization")
    bulk.superuser.execute(
        "insert into credit.outcomes (tenant_id, id, access_level, organization_id, created_by, company_id,"
        " defaulted_on, event) select tenant_id, id, access_level, organization_id, created_by, id, '2022-05-06',"
        " 'bankruptcy' from credit.companies where tenant_id = %s order by id limit 1",
        [world.one.id],
    )
    plain = portfolio.run(world.one.org_admin, "drift", version)["result"]
    _set_rate(bulk, world, RATE)
    portfolio.run(world.one.org_admin, "rescore", version)
    moved = portfolio.run(world.one.org_admin, "drift", version)["result"]
    for before, after in zip(plain["columns"], moved["columns"], strict=True):
        assert after["psi"] == pytest.approx(before["psi"], abs=1e-9), before["column"]
    before, after = (each["back_test"]["years"][0]["mean_pd"] for each in (plain, moved))
    assert after == pytest.approx(before)
    stored = bulk.rows("select avg(pd) mean from credit.predictions where tenant_id = %s", world.one.id)[0]["mean"]
    assert stored > before
