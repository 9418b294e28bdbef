"""A challenger scores a job's rows beside the champion, and never gets in the job's way."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
from bulk_work import Bulk, annual_csv, healthy
from portfolio_models import RISKIER, with_a_riskier_version

from accunode_common.testing.people import World
from accunode_ml.runtime import Runtime
from accunode_scoring import Kind, ModelLibrary, Scorer


@pytest.fixture(scope="module")
def two_versions(tmp_path_factory: pytest.TempPathFactory, models: ModelLibrary) -> ModelLibrary:
    champion = models.champion(Kind.ANNUAL).version
    return ModelLibrary.load(with_a_riskier_version(tmp_path_factory.mktemp("models"), champion))


@pytest.fixture
def challenged(runtime: Runtime, bulk: Bulk, two_versions: ModelLibrary) -> Iterator[Bulk]:
    """A worker that has the riskier version's files, while the registry names it the annual challenger."""
    (entry,) = (entry for entry in two_versions.entries() if entry.version == RISKIER)
    bulk.superuser.execute(
        "insert into registry.model_versions (kind, version, sha256, status) values ('annual', %s, %s, 'challenger')",
        [RISKIER, entry.sha256],
    )
    bulk.runtime = replace(runtime, models=two_versions)
    yield bulk
    bulk.superuser.execute("delete from registry.model_versions where version = %s", [RISKIER])


def _rows(count: int = 6) -> list[list[Any]]:
    return [healthy(number) for number in range(count)]


def _shadows(bulk: Bulk, job_id: UUID) -> list[dict[str, Any]]:
    return bulk.rows(
        "select s.version, s.pd from registry.shadow_scores s"
        " join credit.predictions p on p.tenant_id = s.tenant_id and p.id = s.prediction_id"
        " where p.job_id = %s order by p.row_number",
        job_id,
    )


def test_every_stored_row_has_the_challengers_probability_beside_it(challenged: Bulk, world: World) -> None:
    job = challenged.run(world.one.org_member, annual_csv(_rows()))
    assert (job["state"], job["rows_accepted"]) == ("completed", 6), job
    scorer = challenged.runtime.models.scorer(Kind.ANNUAL, RISKIER)
    shadows = _shadows(challenged, job["id"])
    for row, shadow in zip(challenged.predictions(job["id"]), shadows, strict=True):
        expected = scorer.score({column: row[column] for column in scorer.columns}).pd
        assert shadow == {"version": RISKIER, "pd": pytest.approx(expected, rel=1e-12)}
        assert shadow["pd"] > row["pd"]


def test_an_edit_replaces_what_the_challenger_said_before(challenged: Bulk, world: World) -> None:
    first = challenged.run(world.one.org_member, annual_csv(_rows(3)))
    before = _shadows(challenged, first["id"])
    changed = _rows(4)
    changed[1][2] = 77.5
    second = challenged.run(world.one.org_member, annual_csv(changed), on_conflict="update")
    after = _shadows(challenged, second["id"])
    assert [new["pd"] == old["pd"] for old, new in zip(before, after, strict=False)] == [True, False, True]
    assert len(after) == 4


def test_rows_that_are_not_stored_have_no_shadow(challenged: Bulk, world: World) -> None:
    first = challenged.run(world.one.org_member, annual_csv(_rows(2)))
    known = _shadows(challenged, first["id"])
    changed = [[*row[:2], 77.5, *row[3:]] for row in _rows(3)]
    second = challenged.run(world.one.org_member, annual_csv(changed), on_conflict="skip")
    assert (_shadows(challenged, first["id"]), len(_shadows(challenged, second["id"]))) == (known, 1)
    count = "select count(*) from registry.shadow_scores where tenant_id = %s"
    stored = challenged.rows(count, world.one.id)
    dry = challenged.run(world.one.org_member, annual_csv(_rows(9)), on_conflict="update", dry_run=True)
    assert dry["rows_accepted"] == 9
    assert challenged.rows(count, world.one.id) == stored


def test_the_version_that_scores_a_job_does_not_challenge_itself(challenged: Bulk, world: World) -> None:
    job_id = challenged.submit(world.one.org_member, annual_csv(_rows(2)))
    (reading,) = challenged.messages(world.one.id)
    challenged.perform(reading)
    challenged.superuser.execute("update bulk.jobs set model_version = %s where id = %s", [RISKIER, job_id])
    challenged.work(world.one.id)
    assert {row["model_version"] for row in challenged.predictions(job_id)} == {RISKIER}
    assert _shadows(challenged, job_id) == []


def test_a_version_that_no_longer_challenges_is_not_scored(challenged: Bulk, world: World) -> None:
    challenged.superuser.execute("update registry.model_versions set status = 'retired' where version = %s", [RISKIER])
    job = challenged.run(world.one.org_member, annual_csv(_rows(2)))
    assert (job["rows_accepted"], _shadows(challenged, job["id"])) == (2, [])


@pytest.mark.parametrize("fault", ["it raises", "its files differ", "its files are missing"])
def test_a_failing_challenger_costs_the_job_nothing(
    challenged: Bulk, world: World, models: ModelLibrary, monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    score_matrix = Scorer.score_matrix

    def broken(scorer: Scorer, *args: Any, **options: Any) -> Any:
        if scorer.version == RISKIER:
            raise ZeroDivisionError
        return score_matrix(scorer, *args, **options)

    if fault == "it raises":
        monkeypatch.setattr(Scorer, "score_matrix", broken)
    elif fault == "its files differ":
        challenged.superuser.execute("update registry.model_versions set sha256 = 'x' where version = %s", [RISKIER])
    else:
        challenged.runtime = replace(challenged.runtime, models=models)
    job = challenged.run(world.one.org_member, annual_csv(_rows()))
    assert (job["state"], job["rows_accepted"], _shadows(challenged, job["id"])) == ("completed", 6, [])
    challenged.check_counts(job["id"])
