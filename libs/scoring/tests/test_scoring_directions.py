"""Bad news never lowers a probability, silence is no good news, and reasons are true; of models from 2.0.0 on."""

import math
import re
from collections.abc import Mapping
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from accunode_scoring import InputRefusedError, Kind, ModelLibrary, Scorer
from accunode_scoring.score import PROBABILITIES

PAIRS = 10_000
DIRECTION: Mapping[str, int] = {
    "long_term_debt_to_total_capital": 1,
    "total_debt_to_ebitda": 1,
    "net_income_margin": -1,
    "ebit_to_interest_expense": -1,
    "return_on_assets": -1,
    "return_on_capital": -1,
    "sga_margin": 1,
}
"""What a higher value does to the probability."""

KINDS = (Kind.ANNUAL, Kind.QUARTERLY)
Matrix = NDArray[np.float64]


@pytest.fixture(scope="module", params=KINDS, ids=[kind.value for kind in KINDS])
def scorer(request: pytest.FixtureRequest) -> Scorer:
    return ModelLibrary.load().scorer(request.param, "2.0.0")


def anywhere(scorer: Scorer, rows: int, seed: int, *, gaps: float) -> Matrix:
    """Values as companies have them and odd ones, some of them missing, but enough to be scored."""
    random = np.random.default_rng(seed)
    x = np.empty((rows, len(scorer.columns)))
    for place, column in enumerate(scorer.columns):
        quantiles = np.array(scorer.model.reference[column].quantiles)
        x[:, place] = np.interp(random.random(rows), np.linspace(0, 1, len(quantiles)), quantiles)
    wide = random.random(x.shape) < 0.3
    magnitude = 10.0 ** random.uniform(-3, 5.9, x.shape) * random.choice([-1.0, 1.0], x.shape)
    x[wide] = magnitude[wide]
    odd = random.random(x.shape) < 0.1
    x[odd] = random.choice([0.0, -0.0, 100.0, -1.0, 40.0], x.shape)[odd]
    x[random.random(x.shape) < gaps] = np.nan
    return x[~scorer.model.feature_set.least.lacking(x, scorer.columns)]


def worse(column: str, x: Matrix, random: np.random.Generator) -> Matrix:
    """Values that are no better: as the ratio says it, not as numbers order it."""
    other = 10.0 ** random.uniform(-3, 5.9, x.shape) * random.choice([-1.0, 1.0], x.shape)
    close = x * (1.0 + 10.0 ** random.uniform(-6, 0, x.shape) * random.choice([-1.0, 1.0], x.shape))
    other = np.where(random.random(x.shape) < 0.5, close, other)
    if column == "sga_margin":
        other = np.maximum(np.abs(other), 40.0)
    return np.where(badness(column, other) >= badness(column, x), other, x)


def badness(column: str, x: Matrix) -> Matrix:
    """Rises as the news gets worse; a leverage by EBITDA / debt, a debt share by capital / debt."""
    if column in {"total_debt_to_ebitda", "long_term_debt_to_total_capital"}:
        with np.errstate(divide="ignore"):
            return -1.0 / x
    if column == "sga_margin":
        return np.maximum(np.abs(x), 40.0)
    return DIRECTION[column] * x


@pytest.mark.parametrize("gaps", [0.0, 0.25], ids=["complete", "with gaps"])
def test_worse_news_never_lowers_any_probability(scorer: Scorer, gaps: float) -> None:
    random = np.random.default_rng(7)
    for place, column in enumerate(scorer.columns):
        x = anywhere(scorer, 3 * PAIRS, place, gaps=gaps)
        given = ~np.isnan(x[:, place])
        if column == "sga_margin":
            given &= np.abs(x[:, place]) >= 40.0
        x = x[given]
        y = x.copy()
        y[:, place] = worse(column, x[:, place], random)
        changed = y[:, place] != x[:, place]
        assert changed.sum() > PAIRS / 4
        before, after = scorer.score_matrix(x), scorer.score_matrix(y)
        for name in PROBABILITIES:
            if name in {"pd_low", "pd_high"}:
                continue
            fell = getattr(after, name) < getattr(before, name) * (1 - 1e-12)
            assert not fell.any(), (column, name, x[fell][:3], y[fell][:3])


def test_worse_in_every_ratio_is_never_better(scorer: Scorer) -> None:
    random = np.random.default_rng(8)
    x = anywhere(scorer, PAIRS, 1, gaps=0.0)
    y = np.column_stack([worse(column, x[:, place], random) for place, column in enumerate(scorer.columns)])
    if "sga_margin" in scorer.columns:
        place = scorer.columns.index("sga_margin")
        x[:, place], y[:, place] = np.maximum(np.abs(x[:, place]), 40.0), np.maximum(np.abs(y[:, place]), 40.0)
    assert (scorer.score_matrix(y).pd >= scorer.score_matrix(x).pd * (1 - 1e-12)).all()


def test_negative_capital_is_worse_than_any_positive(scorer: Scorer) -> None:
    place = scorer.columns.index("long_term_debt_to_total_capital")
    x = anywhere(scorer, PAIRS, 2, gaps=0.0)
    positive, negative = x.copy(), x.copy()
    positive[:, place] = np.abs(x[:, place])
    negative[:, place] = -np.random.default_rng(3).permutation(positive[:, place])
    assert (scorer.score_matrix(negative).pd >= scorer.score_matrix(positive).pd * (1 - 1e-12)).all()


def test_no_debt_is_never_riskier_than_debt() -> None:
    scorer = ModelLibrary.load().scorer(Kind.ANNUAL, "2.0.0")
    x = anywhere(scorer, PAIRS, 4, gaps=0.0)
    x[:, 1] = np.abs(x[:, 1]) + 0.01
    free = x.copy()
    free[:, 0], free[:, 1], free[:, 3] = 0.0, 0.0, np.nan
    assert (scorer.score_matrix(free).pd <= scorer.score_matrix(x).pd * (1 + 1e-12)).all()


def test_probabilities_rise_with_the_horizon(scorer: Scorer) -> None:
    scores = scorer.score_matrix(anywhere(scorer, PAIRS, 5, gaps=0.2))
    assert (scores.pd < scores.pd_2y).all()
    assert (scores.pd_2y < scores.pd_3y).all()
    assert ((scores.pd_low <= scores.pd) & (scores.pd <= scores.pd_high)).all()


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, 10_000))
def test_the_term_structure_of_a_score_rises_to_five_years(scorer: Scorer, seed: int) -> None:
    for row in anywhere(scorer, 5, seed, gaps=0.2):
        score = scorer.score_row(row.tolist())
        structure = score.term_structure
        assert structure[:3] == (score.pd, score.pd_2y, score.pd_3y)
        assert all(a < b for a, b in pairwise(structure))
        assert structure[-1] < 1.0


def test_a_gap_is_read_as_a_value_no_better_than_the_typical_one(scorer: Scorer) -> None:
    completion = scorer.model.completion
    assert completion is not None
    x = anywhere(scorer, PAIRS, 10, gaps=0.0)
    for place, column in enumerate(scorer.columns):
        if column == "sga_margin":
            continue
        without, typical = x.copy(), x.copy()
        without[:, place], typical[:, place] = np.nan, completion.typical[place]
        assumed = [
            completion.row(scorer.model.feature_set.settled_row(row), scorer._log_odds)[0]
            for row in without[:200].tolist()
        ]
        enough = ~scorer.model.feature_set.least.lacking(without, scorer.columns)
        gapped, usual = scorer.score_matrix(without[enough]), scorer.score_matrix(typical[enough])
        settled = np.array(
            [not math.isnan(row[place]) for row in map(scorer.model.feature_set.settled_row, without[enough].tolist())]
        )
        assert (gapped.pd >= usual.pd * (1 - 1e-12))[~settled].all(), column
        wide, narrow = np.log(gapped.pd_high / gapped.pd_low), np.log(usual.pd_high / usual.pd_low)
        assert wide[~settled].mean() > narrow[~settled].mean()
        filled = scorer.score_matrix(np.array(assumed)).pd
        assert np.allclose(scorer.score_matrix(without[:200]).pd, filled, rtol=1e-12)


def test_of_the_population_hardly_anybody_is_better_by_silence_and_one_in_ten_thousand_low(scorer: Scorer) -> None:
    measured = ModelLibrary.load().metrics(scorer.kind, "2.0.0")["plain"]["silence"]
    assert measured.keys() == {*scorer.columns} - {"sga_margin"}
    for column, told in measured.items():
        assert told["better"] <= 0.02, column
        assert told["to_low"] <= 0.0001, column
        assert told["companies"] > 10_000


def test_a_row_and_a_matrix_agree_about_gaps(scorer: Scorer) -> None:
    x = anywhere(scorer, 300, 6, gaps=0.3)
    scores = scorer.score_matrix(x, explain=True)
    for place, row in enumerate(x.tolist()):
        score = scorer.score_row(row)
        for name in PROBABILITIES:
            assert math.isclose(getattr(score, name), getattr(scores, name)[place], rel_tol=1e-12)
        assert tuple(reason.code for reason in score.reasons[:4]) == scores.reasons_of(place)
        assert 0 < len(scores.reasons_of(place)) <= 4
        assert score.completeness == pytest.approx(1 - np.isnan(scorer.model.feature_set.settled_row(row)).mean())


def test_too_little_is_refused_with_what_to_add(scorer: Scorer) -> None:
    ratio = scorer.columns[-1]
    with pytest.raises(InputRefusedError) as refused:
        scorer.score({ratio: 5.0})
    (problem,) = refused.value.problems
    assert problem.code == "insufficient_information"
    assert re.search(
        r"^1 of \d ratios say too little; a score needs 3: add (SG&A margin and )?one of leverage "
        r"\(.*?\)( and 1 more)?\.$",
        problem.message,
    )
    x = np.full((1, len(scorer.columns)), np.nan)
    x[0, -1] = 5.0
    assert [found.code for _, found in scorer.problems(x)] == ["insufficient_information"]


SENTENCE = re.compile(
    r"^(?P<label>.+) of (?P<value>-?[\d.,]+)(?: %|x) is (?P<side>higher|lower) than that of "
    r"(?P<share>\d+ %|nearly all) (?:of )?companies, "
    r"(?P<alike>and companies with about such a ratio default (?:more|less) often, )?"
    r"which (?P<direction>raises|lowers) the probability of default\.$"
)


def test_every_sentence_agrees_with_its_number(scorer: Scorer) -> None:
    plain = 0
    for row in anywhere(scorer, 5_000, 9, gaps=0.1).tolist():
        for reason in scorer.score_row(row).reasons:
            assert (reason.contribution > 0) == (reason.direction == "raises")
            assert "100 %" not in reason.text.replace("above 100 %", "")
            if reason.column == "sga_margin":
                continue
            if reason.code.split(".")[1] in {
                "missing",
                "negative_capital",
                "negative_equity",
                "negative_ebitda",
                "negative_ebit",
            }:
                assert reason.direction == "raises", reason.text
            if reason.code.split(".")[1] == "no_debt":
                assert reason.direction == "lowers", reason.text
            found = SENTENCE.match(reason.text)
            if found is not None:
                plain += 1
                bad_side = "higher" if DIRECTION[reason.column] > 0 else "lower"
                expected = "raises" if found["side"] == bad_side else "lowers"
                assert reason.direction == expected, reason.text
    assert plain > 5_000
