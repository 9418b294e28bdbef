"""A score is the same wherever it is computed."""

import json

import numpy as np
import pytest
from scoring_inputs import KINDS, as_values, champion, inputs, library

from accunode_scoring import DEFAULT_SCALE, Kind, ModelEntry
from accunode_scoring.library import SHIPPED_MODELS

EXACT = 1e-12
PROBABILITIES = ("pd", "pd_2y", "pd_3y", "pd_scorecard", "pd_lightgbm", "pd_low", "pd_high")


@pytest.mark.parametrize("kind", KINDS)
def test_a_row_scores_alike_by_itself_and_in_a_matrix(kind: Kind) -> None:
    scorer, x = champion(kind), inputs(kind, 400)
    matrix = scorer.score_matrix(x, explain=True)
    assert matrix.contributions is not None
    for place, row in enumerate(x):
        score = scorer.score(as_values(scorer, row))
        for name in PROBABILITIES:
            assert getattr(score, name) == pytest.approx(getattr(matrix, name)[place], abs=EXACT)
        assert score.grade == matrix.grades[matrix.grade[place]]
        assert score.risk_level == matrix.risk_levels[matrix.risk_level[place]]
        assert tuple(reason.code for reason in score.reasons[:4]) == matrix.reasons_of(place)
        assert tuple(map(str, score.flags)) == matrix.flags_of(place)
        by_column = {c.column: c.log_odds for c in score.contributions}
        for column, effect in zip(matrix.columns, matrix.contributions[place], strict=True):
            assert by_column.get(column, 0.0) == pytest.approx(effect, abs=EXACT)


@pytest.mark.parametrize("kind", KINDS)
def test_chunks_score_like_the_whole(kind: Kind) -> None:
    scorer, x = champion(kind), inputs(kind, 20_000)
    whole = scorer.score_matrix(x, explain=True)
    parts = [scorer.score_matrix(part, explain=True) for part in np.array_split(x, 7)]
    for name in (*PROBABILITIES, "grade", "flags", "oddities", "reason_codes", "contributions"):
        joined = np.concatenate([getattr(part, name) for part in parts])
        assert np.array_equal(joined, getattr(whole, name)), name


@pytest.mark.parametrize("kind", KINDS)
def test_contributions_add_up_to_the_log_odds_of_the_probability(kind: Kind) -> None:
    scorer, x = champion(kind), inputs(kind, 300)
    matrix = scorer.score_matrix(x, explain=True)
    assert matrix.contributions is not None
    log_odds = matrix.base + matrix.contributions.sum(axis=1)
    assert np.abs(1 / (1 + np.exp(-log_odds)) - matrix.pd).max() < EXACT


@pytest.mark.parametrize("kind", KINDS)
def test_the_term_structure_never_decreases(kind: Kind) -> None:
    matrix = champion(kind).score_matrix(inputs(kind, 50_000))
    assert (matrix.pd <= matrix.pd_2y).all()
    assert (matrix.pd_2y <= matrix.pd_3y).all()
    assert (matrix.pd_low <= matrix.pd).all()
    assert (matrix.pd <= matrix.pd_high).all()
    assert (matrix.pd > 0).all()
    assert (matrix.pd_3y < 1).all()


@pytest.mark.parametrize("entry", library().entries(), ids=lambda entry: f"{entry.kind}-{entry.version}")
def test_every_version_still_gives_its_golden_scores(entry: ModelEntry) -> None:
    scorer = library().scorer(entry.kind, entry.version)
    rows = json.loads((SHIPPED_MODELS / entry.kind / entry.version / "golden.json").read_text())
    assert len(rows) >= 40
    for row in rows:
        score = scorer.score(row["input"])
        for name in PROBABILITIES:
            assert getattr(score, name) == pytest.approx(row[name], abs=EXACT)
        assert score.grade == DEFAULT_SCALE.grade(row["pd"]).name
        assert [reason.code for reason in score.reasons] == row["reasons"]
        said = set(scorer.flag_vocabulary)
        assert [flag for flag in map(str, score.flags) if flag in said] == row["flags"]
        assert {c.column: c.log_odds for c in score.contributions} == pytest.approx(row["contributions"], abs=EXACT)


def test_a_matrix_of_no_rows_gives_no_scores() -> None:
    for kind in KINDS:
        assert len(champion(kind).score_matrix(np.empty((0, len(champion(kind).columns))), explain=True)) == 0


def test_a_matrix_of_the_wrong_width_is_an_error() -> None:
    with pytest.raises(ValueError, match="5 columns"):
        champion(Kind.ANNUAL).score_matrix(np.zeros((2, 4)))
