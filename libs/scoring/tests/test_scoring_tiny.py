"""The smallest numbers that a ratio can be are scored like any others."""

import numpy as np
import pytest

from accunode_scoring import Kind, ModelLibrary

TINY = 5e-324


@pytest.mark.parametrize("kind", [Kind.ANNUAL, Kind.QUARTERLY])
@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_tiny_ratios_are_scored_row_by_row_and_as_a_matrix_alike(kind: Kind, sign: float) -> None:
    scorer = ModelLibrary.load().champion(kind)
    for place, column in enumerate(scorer.columns):
        row = [1.5] * len(scorer.columns)
        row[place] = sign * TINY
        one = scorer.score(dict(zip(scorer.columns, row, strict=True)))
        many = scorer.score_matrix(np.array([row]))
        assert many.pd[0] == pytest.approx(one.pd, abs=1e-12), column
