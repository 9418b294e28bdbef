"""A central tendency moves every probability by the same odds, to the rate that it names."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scoring_inputs import KINDS, as_values, champion, inputs

from accunode_scoring import PROBABILITIES, Kind, ScoreMatrix, Scorer
from accunode_scoring.central_tendency import GREATEST_RATE, LEAST_RATE, mean_pd, shift_to
from accunode_scoring.statement_scorer import StatementScorer

RATES = st.floats(LEAST_RATE, GREATEST_RATE)


def log_odds(pd: np.ndarray) -> np.ndarray:
    return np.asarray(np.log(pd) - np.log1p(-pd))


@pytest.mark.parametrize("kind", KINDS)
@given(rate=RATES)
@settings(max_examples=60, deadline=None)
def test_the_reference_population_has_the_rate_as_its_mean(kind: Kind, rate: float) -> None:
    scorer = champion(kind)
    variant = scorer.plain if isinstance(scorer, StatementScorer) else scorer
    population = variant.model.reference["pd"]
    assert mean_pd(population, shift_to(rate, population)) == pytest.approx(rate, rel=1e-6)
    moved = scorer.at_rate(rate)
    variant = moved.plain if isinstance(moved, StatementScorer) else moved
    assert mean_pd(variant.model.reference["pd"]) == pytest.approx(rate, rel=1e-6)


def probabilities(scorer: Scorer, scores: ScoreMatrix) -> dict[str, NDArray[np.float64]]:
    """Those of the models: of a default in a year, where a horizon's model says that, instead of within years."""
    found = {name: getattr(scores, name) for name in PROBABILITIES}
    if scorer.model.hazards:
        del found["pd_2y"], found["pd_3y"]
        found["second year"] = (scores.pd_2y - scores.pd) / (1 - scores.pd)
        found["third year"] = (scores.pd_3y - scores.pd_2y) / (1 - scores.pd_2y)
    return found


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("rate", [0.001, 0.02, 0.2])
def test_every_probability_is_moved_by_the_same_odds_and_reasons_stay(kind: Kind, rate: float) -> None:
    scorer, x = champion(kind), inputs(kind, 2000)
    moved = scorer.at_rate(rate)
    before, after = scorer.score_matrix(x, explain=True), moved.score_matrix(x, explain=True)
    assert (before.log_odds_shift, after.log_odds_shift) == (0.0, moved.log_odds_shift)
    chances, moved_chances = (probabilities(scorer, scores) for scores in (before, after))
    for name, chance in chances.items():
        added = log_odds(moved_chances[name]) - log_odds(chance)
        assert added == pytest.approx(np.full(len(x), moved.log_odds_shift), abs=1e-6), name
    assert (after.reason_codes == before.reason_codes).all()
    assert (after.flags == before.flags).all()
    assert after.contributions is not None
    total = after.base + after.contributions.sum(axis=1)
    assert total == pytest.approx(log_odds(after.pd), abs=1e-9)


@pytest.mark.parametrize("kind", KINDS)
def test_a_row_scores_alike_by_itself_and_in_a_matrix(kind: Kind) -> None:
    scorer, x = champion(kind).at_rate(0.03), inputs(kind, 60)
    matrix = scorer.score_matrix(x)
    for place, row in enumerate(x):
        score = scorer.score(as_values(scorer, row))
        assert score.log_odds_shift == matrix.log_odds_shift
        for name in PROBABILITIES:
            assert getattr(score, name) == pytest.approx(getattr(matrix, name)[place], abs=1e-12)
        assert score.risk_level is matrix.risk_levels[matrix.risk_level[place]]


@pytest.mark.parametrize("kind", KINDS)
def test_without_a_rate_a_model_is_as_it_was_trained(kind: Kind) -> None:
    scorer = champion(kind)
    assert scorer.at_rate(None) is scorer.shifted(0.0) is scorer
    assert scorer.at_rate(0.02) is scorer.at_rate(0.02)
    assert scorer.at_rate(0.02).shifted(-scorer.at_rate(0.02).log_odds_shift).log_odds_shift == 0.0


@pytest.mark.parametrize("rate", [0.0, -0.1, 0.6, 1.0, math.nan, math.inf])
def test_what_is_no_long_run_rate_is_refused(rate: float) -> None:
    with pytest.raises(ValueError, match="long-run default rate"):
        champion(Kind.ANNUAL).at_rate(rate)
