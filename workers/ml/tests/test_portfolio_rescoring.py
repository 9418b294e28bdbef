"""Rescoring a portfolio with another model version."""

from typing import Any
from uuid import UUID

import psycopg
import pytest
import redis
from portfolio_models import RISKIER
from portfolio_work import PortfolioJobs
from psycopg.types.json import Jsonb
from sqlalchemy.engine import make_url

from accunode_common.db.access import DatabaseRole
from accunode_common.testing.database import TestDatabase
from accunode_common.testing.people import Caller, World
from accunode_credit.columns import INPUTS, KEPT
from accunode_ml.portfolio import rescore
from accunode_ml.relay.sweeper import Sweeper
from accunode_scoring import Kind, ModelLibrary
from accunode_scoring.codes import codes_of


def _versions(portfolio: PortfolioJobs, tenant_id: UUID) -> list[dict[str, Any]]:
    return portfolio.bulk.rows("select * from credit.prediction_versions where tenant_id = %s", tenant_id)


def test_every_prediction_is_scored_again_and_its_earlier_version_kept(
    portfolio: PortfolioJobs, world: World, two_versions: ModelLibrary
) -> None:
    upload = portfolio.store(world.one.org_member, 10, access_level="organization")
    before = {row["id"]: row for row in portfolio.bulk.predictions(upload)}
    job = portfolio.run(world.one.org_admin, "rescore", RISKIER)
    assert (job["state"], job["rows_total"], job["rows_accepted"]) == ("completed", 10, 10), job
    scorer = two_versions.scorer(Kind.ANNUAL, RISKIER)
    after = portfolio.bulk.predictions(upload)
    assert len(after) == 10
    for row in after:
        score = scorer.score({column: row[column] for column in scorer.columns})
        assert (row["model_version"], row["grade"], row["version"]) == (RISKIER, score.grade, 2)
        assert abs(row["pd"] - score.pd) < 1e-12
        assert codes_of(row["reason_numbers"]) == [reason.code for reason in score.reasons[:4]]
        assert row["pd"] > before[row["id"]]["pd"]
    kept = _versions(portfolio, world.one.id)
    assert {version["prediction_id"] for version in kept} == set(before)
    for version in kept:
        was = before[version["prediction_id"]]
        assert (version["version"], version["replaced_by"]) == (1, world.one.org_admin.user_id)
        assert set(version["snapshot"]) == set(KEPT)
        assert set(version["snapshot"]["ratios"]) == set(INPUTS[Kind.ANNUAL])
        assert version["snapshot"]["pd"] == was["pd"]
        assert version["snapshot"]["model_version"] == was["model_version"]
        assert version["snapshot"]["ratios"]["return_on_assets"] == was["return_on_assets"]
    result = job["result"]
    assert (result["changed"], result["unchanged"], result["refused"]) == (10, 0, [])
    assert result["after"]["expected_defaults"] > result["before"]["expected_defaults"]
    assert sum(result["after"]["grades"].values()) == sum(result["before"]["risk_levels"].values()) == 10


@pytest.mark.parametrize("who", ["org_admin", "tenant_admin", "outsider"])
def test_nothing_changes_that_the_submitter_may_not_edit(portfolio: PortfolioJobs, world: World, who: str) -> None:
    shared = portfolio.store(world.one.org_member, 2, name="Shared", access_level="organization")
    private = portfolio.store(world.one.org_member, 2, name="Private", access_level="personal")
    foreign = portfolio.store(world.two.org_member, 2, access_level="organization")
    caller: Caller = getattr(world.one, who)
    job = portfolio.run(caller, "rescore", RISKIER)
    # A member of another organization may not rescore at all.
    assert job["state"] == ("failed" if who == "outsider" else "completed")
    assert job["rows_accepted"] == (2 if who == "org_admin" else 0)
    rescored = {
        upload: {row["model_version"] == RISKIER for row in portfolio.bulk.predictions(upload)}
        for upload in (shared, private, foreign)
    }
    assert rescored == {shared: {who == "org_admin"}, private: {False}, foreign: {False}}


def test_a_second_run_finds_everything_done(portfolio: PortfolioJobs, world: World) -> None:
    portfolio.store(world.one.org_admin, 6, access_level="organization")
    job_id = portfolio.submit(world.one.org_admin, "rescore", RISKIER)
    first, again = portfolio.perform(job_id), portfolio.perform(job_id)
    assert first == again
    repeated = portfolio.run(world.one.org_admin, "rescore", RISKIER)
    assert (repeated["result"]["changed"], repeated["result"]["unchanged"]) == (0, 6)
    assert len(_versions(portfolio, world.one.id)) == 6


def test_a_run_that_breaks_off_is_taken_up_where_it_stopped(
    portfolio: PortfolioJobs, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    portfolio.store(world.one.org_admin, 10, access_level="organization")
    job_id = portfolio.submit(world.one.org_admin, "rescore", RISKIER)
    store, stored = rescore._store, []

    def breaks(*args: Any) -> None:
        store(*args)
        stored.append(1)
        if len(stored) == 2:
            raise RuntimeError("the power is gone")

    monkeypatch.setattr(rescore, "_store", breaks)
    broken = portfolio.perform(job_id)
    assert (broken["state"], broken["rows_accepted"]) == ("scoring", 4)
    done = portfolio.perform(job_id)
    assert (done["state"], done["rows_accepted"], done["result"]["changed"]) == ("completed", 10, 10)
    assert len(_versions(portfolio, world.one.id)) == 10


def test_a_job_that_always_fails_is_given_up_and_says_so(
    portfolio: PortfolioJobs, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    portfolio.store(world.one.org_admin, 1, access_level="organization")
    job_id = portfolio.submit(world.one.org_admin, "rescore", RISKIER)

    def fails(*_: Any) -> None:
        raise RuntimeError("no")

    monkeypatch.setattr(rescore, "_next_batch", fails)
    states = [portfolio.perform(job_id)["state"] for _ in range(6)]
    assert (states[0], states[-1]) == ("scoring", "failed")
    assert portfolio.bulk.job(job_id)["error_code"] == "job_failed"


def test_cancelling_stops_between_two_batches_and_keeps_what_is_done(
    portfolio: PortfolioJobs, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    portfolio.store(world.one.org_admin, 10, access_level="organization")
    job_id = portfolio.submit(world.one.org_admin, "rescore", RISKIER)
    next_batch = rescore._next_batch

    def cancel_meanwhile(*args: Any) -> Any:
        portfolio.bulk.superuser.execute("update bulk.jobs set state = 'cancelling' where id = %s", [job_id])
        return next_batch(*args)

    monkeypatch.setattr(rescore, "_next_batch", cancel_meanwhile)
    job = portfolio.perform(job_id)
    assert (job["state"], job["rows_accepted"], job["rows_total"]) == ("cancelled", 4, 10)
    assert len(_versions(portfolio, world.one.id)) == 4


def test_a_job_cancelled_before_it_began_does_nothing(portfolio: PortfolioJobs, world: World) -> None:
    portfolio.store(world.one.org_admin, 2, access_level="organization")
    job_id = portfolio.submit(world.one.org_admin, "rescore", RISKIER)
    portfolio.bulk.superuser.execute("update bulk.jobs set state = 'cancelling' where id = %s", [job_id])
    assert portfolio.perform(job_id)["state"] == "cancelled"
    assert _versions(portfolio, world.one.id) == []


def test_long_jobs_take_turns_with_other_work(
    portfolio: PortfolioJobs, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    portfolio.store(world.one.org_admin, 10, access_level="organization")
    job_id = portfolio.submit(world.one.org_admin, "rescore", RISKIER)
    monkeypatch.setattr(rescore, "RELEASE_AFTER_SECONDS", 0.0)
    assert portfolio.perform(job_id)["state"] == "scoring"
    (message,) = portfolio.bulk.rows("select * from ops.outbox where tenant_id = %s", world.one.id)
    assert (message["task"], message["payload"]["job_id"]) == ("portfolio.rescore", str(job_id))
    monkeypatch.setattr(rescore, "RELEASE_AFTER_SECONDS", 60.0)
    assert portfolio.perform(job_id)["state"] == "completed"


def test_a_version_without_files_ends_the_job_with_its_name(portfolio: PortfolioJobs, world: World) -> None:
    job = portfolio.run(world.one.org_admin, "rescore", "9.9.9")
    assert (job["state"], job["error_code"]) == ("failed", "model_missing")
    assert "9.9.9" in job["error_message"]


def test_another_master_scale_grades_what_is_stored_anew(
    portfolio: PortfolioJobs, world: World, models: ModelLibrary
) -> None:
    upload = portfolio.store(world.one.org_admin, 5, access_level="organization")
    scale = [{"name": "Good", "upper": 0.5, "midpoint": 0.1}, {"name": "Bad", "upper": 1.0, "midpoint": 0.7}]
    portfolio.bulk.superuser.execute(
        "update tenancy.tenants set master_scale = %s where id = %s", [Jsonb(scale), world.one.id]
    )
    job = portfolio.run(world.one.org_admin, "rescore", models.champion(Kind.ANNUAL).version)
    assert job["result"]["changed"] == 5
    assert {row["grade"] for row in portfolio.bulk.predictions(upload)} <= {"Good", "Bad"}


def test_the_relay_looks_after_a_job_whose_worker_died(
    portfolio: PortfolioJobs, world: World, test_database: TestDatabase, redis_server: Any
) -> None:
    job_id = portfolio.submit(world.one.org_admin, "rescore", RISKIER)
    portfolio.bulk.superuser.execute(
        "insert into bulk.chunks (tenant_id, job_id, number, rows, state, attempts, fence, lease_expires_at)"
        " values (%s, %s, 0, 0, 'leased', 1, 1, now() - interval '1 second')",
        [world.one.id, job_id],
    )
    url = make_url(test_database.url(DatabaseRole.RELAY)).set(drivername="postgresql")
    broker = redis.Redis.from_url(redis_server.url, decode_responses=True)
    with psycopg.connect(url.render_as_string(hide_password=False), autocommit=True) as connection:
        Sweeper(stalled_seconds=600).sweep(connection, broker)
    broker.close()
    (message,) = portfolio.bulk.rows("select * from ops.outbox where tenant_id = %s", world.one.id)
    assert (message["task"], message["payload"]) == (
        "portfolio.rescore",
        {"tenant_id": str(world.one.id), "job_id": str(job_id)},
    )
    assert portfolio.perform(job_id)["state"] == "completed"
