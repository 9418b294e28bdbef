"""First checks of the shipped models."""

import numpy as np
import pytest

from accunode_scoring import InputRefusedError, Kind, ModelLibrary


@pytest.mark.parametrize("kind", [Kind.ANNUAL, Kind.QUARTERLY])
def test_a_row_and_a_matrix_give_the_same_score(kind: Kind) -> None:
    scorer = ModelLibrary.load().champion(kind)
    random = np.random.default_rng(5)
    x = random.normal(0, 40, (500, len(scorer.columns)))
    x[random.random(x.shape) < 0.1] = np.nan
    x = x[~np.isnan(x).all(axis=1)]
    matrix = scorer.score_matrix(x, explain=True)
    for place, row in enumerate(x.tolist()):
        score = scorer.score(dict(zip(scorer.columns, row, strict=True)))
        assert score.pd == pytest.approx(matrix.pd[place], abs=1e-12)
        assert tuple(reason.code for reason in score.reasons[:4]) == matrix.reasons_of(place)
        assert {str(flag) for flag in score.flags} == set(matrix.flags_of(place))
        total = score.base + sum(c.log_odds for c in score.contributions)
        assert 1 / (1 + np.exp(-total)) == pytest.approx(score.pd, abs=1e-12)


def test_a_row_without_any_ratio_is_refused() -> None:
    scorer = ModelLibrary.load().champion(Kind.ANNUAL)
    with pytest.raises(InputRefusedError) as refused:
        scorer.score({})
    assert refused.value.problems[0].code == "no_ratios"
