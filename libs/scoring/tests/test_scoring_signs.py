"""No input improves a score by its sign."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scoring_inputs import champion, inputs

from accunode_scoring import Kind

ratio = st.one_of(st.none(), st.floats(-900_000, 900_000, allow_nan=False), st.floats(-200, 200, allow_nan=False))
size = st.one_of(st.just(0.0), st.floats(1e-6, 900_000, allow_nan=False), st.floats(0, 200, allow_nan=False))
TURNED = [
    (Kind.ANNUAL, "total_debt_to_ebitda"),
    (Kind.ANNUAL, "long_term_debt_to_total_capital"),
    (Kind.ANNUAL, "ebit_to_interest_expense"),
    (Kind.QUARTERLY, "total_debt_to_ebitda"),
    (Kind.QUARTERLY, "long_term_debt_to_total_capital"),
    (Kind.QUARTERLY, "sga_margin"),
]


@pytest.mark.parametrize(("kind", "column"), TURNED)
@given(data=st.data())
@settings(deadline=None, max_examples=150)
def test_turning_a_ratio_negative_never_lowers_a_probability(kind: Kind, column: str, data: st.DataObject) -> None:
    scorer = champion(kind)
    values = {name: data.draw(ratio, label=name) for name in scorer.columns}
    values[column] = data.draw(size, label=column)
    row = np.array([[np.nan if values[name] is None else values[name] for name in scorer.columns]])
    assume(not scorer.model.feature_set.least.lacking(row, scorer.columns)[0])
    positive = scorer.score(values)
    negative = scorer.score({**values, column: -values[column]})
    for name in ("pd", "pd_2y", "pd_3y", "pd_scorecard", "pd_lightgbm"):
        assert getattr(negative, name) >= getattr(positive, name) - 1e-12


@pytest.mark.parametrize(("kind", "column"), TURNED)
def test_turning_a_ratio_negative_never_lowers_a_probability_in_a_large_matrix(kind: Kind, column: str) -> None:
    scorer, x = champion(kind), inputs(kind, 50_000)
    place = scorer.columns.index(column)
    x[:, place] = np.abs(x[:, place])
    turned = x.copy()
    turned[:, place] = -turned[:, place]
    positive, negative = scorer.score_matrix(x), scorer.score_matrix(turned)
    for name in ("pd", "pd_2y", "pd_3y", "pd_scorecard", "pd_lightgbm"):
        assert (getattr(negative, name) >= getattr(positive, name) - 1e-12).all()


@pytest.mark.parametrize("kind", [Kind.ANNUAL, Kind.QUARTERLY])
def test_negative_ebitda_is_flagged_and_named_in_a_reason(kind: Kind) -> None:
    others = {"net_income_margin": -3.0} if kind is Kind.ANNUAL else {"sga_margin": 20.0}
    score = champion(kind).score({"total_debt_to_ebitda": -2.0, "long_term_debt_to_total_capital": 40.0, **others})
    assert "degenerate:total_debt_to_ebitda" in map(str, score.flags)
    reason = next(reason for reason in score.reasons if reason.column == "total_debt_to_ebitda")
    assert reason.code.startswith("total_debt_to_ebitda.negative_ebitda.")
    assert "EBITDA is negative" in reason.text


def test_a_positive_return_says_nothing_where_capital_is_not_known_to_be_positive() -> None:
    scorer = champion(Kind.QUARTERLY)
    known = scorer.score(
        {
            "total_debt_to_ebitda": 2.0,
            "sga_margin": 20.0,
            "long_term_debt_to_total_capital": 30.0,
            "return_on_capital": 20.0,
        }
    )
    unknown = scorer.score({"total_debt_to_ebitda": 2.0, "sga_margin": 20.0, "return_on_capital": 20.0})
    assert unknown.pd > known.pd


@pytest.mark.parametrize("size", [0.0, 0.5, 2.0, 5.0])
def test_negative_ebitda_by_itself_raises_a_quarterly_probability(size: float) -> None:
    scorer = champion(Kind.QUARTERLY)
    others = {"sga_margin": 20.0, "return_on_capital": 5.0}
    negative, positive = ({"total_debt_to_ebitda": each, **others} for each in (-size, size))
    assert scorer.score(negative).pd > scorer.score(positive).pd


@pytest.mark.parametrize("value", [-40.0, 130.0])
def test_negative_capital_and_negative_equity_are_flagged(value: float) -> None:
    score = champion(Kind.ANNUAL).score(
        {"long_term_debt_to_total_capital": value, "return_on_assets": 1.0, "net_income_margin": 1.0}
    )
    assert "degenerate:long_term_debt_to_total_capital" in map(str, score.flags)
