"""A bulk job from its file to stored predictions."""

import math

from bulk_work import Bulk, annual_csv, healthy

from accunode_common.testing.people import World
from accunode_scoring import Kind, ModelLibrary


def test_a_file_becomes_predictions_that_are_scored_as_anywhere_else(
    bulk: Bulk, world: World, models: ModelLibrary
) -> None:
    rows = [healthy(number) for number in range(10)]
    rows[3][2] = ""
    job = bulk.run(world.one.org_member, annual_csv(rows))
    assert (job["state"], job["rows_total"], job["rows_accepted"]) == ("completed", 10, 10)
    assert (job["chunks_total"], job["chunks_done"]) == (3, 3)
    bulk.check_counts(job["id"])
    stored = bulk.predictions(job["id"])
    assert [row["name"] for row in stored] == [row[0] for row in rows]
    scorer = models.champion(Kind.ANNUAL)
    for row in stored:
        score = scorer.score({column: row[column] for column in scorer.columns})
        assert math.isclose(score.pd, row["pd"], rel_tol=1e-12)
        assert (score.grade, score.risk_level, score.model_version) == (
            row["grade"],
            row["risk_level"],
            row["model_version"],
        )
        assert row["reason_codes"] == [reason.code for reason in score.reasons[:4]]
        assert set(row["flags"]) == {str(flag) for flag in score.flags}
    assert stored[3]["long_term_debt_to_total_capital"] is None
    assert stored[0]["created_by"] == world.one.org_member.user_id
    assert sum(job["result"]["risk_levels"].values()) == 10
