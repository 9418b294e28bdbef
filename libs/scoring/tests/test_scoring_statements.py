"""Ratios from amounts, and statements with and without a market value."""

import csv
import gzip
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scoring_inputs import champion, inputs

from accunode_scoring import Kind, derive_ratios
from accunode_scoring.additive import bin_of
from accunode_scoring.amounts import NON_NEGATIVE
from accunode_scoring.binning import Binner
from accunode_scoring.feature_sets import FEATURE_SETS

AMOUNTS = {
    "total_assets_musd": 500.0,
    "total_liabilities_musd": 300.0,
    "long_term_debt_musd": 120.0,
    "current_assets_musd": 200.0,
    "current_liabilities_musd": 130.0,
    "net_sales_musd": 600.0,
    "cogs_musd": 400.0,
    "operating_expenses_musd": 540.0,
    "depreciation_musd": 20.0,
    "net_income_musd": 19.5,
    "inventory_musd": 60.0,
    "receivables_musd": 70.0,
    "retained_earnings_musd": 90.0,
}


def test_ratios_of_the_other_kinds_follow_from_a_statement() -> None:
    ratios = derive_ratios(AMOUNTS)
    assert ratios["long_term_debt_to_total_capital"] == pytest.approx(37.5)
    assert ratios["total_debt_to_ebitda"] == pytest.approx(2.0)
    assert ratios["net_income_margin"] == pytest.approx(3.25)
    assert ratios["ebit_to_interest_expense"] == pytest.approx(4.0)
    assert ratios["return_on_assets"] == pytest.approx(3.9)
    assert ratios["sga_margin"] == pytest.approx(100 * 140 / 600)
    assert ratios["return_on_capital"] == pytest.approx(12.5)
    assert ratios["market_to_book"] is None
    assert len(ratios) >= 27


def test_ratios_agree_with_the_published_ones(shared_data: Path) -> None:
    with gzip.open(shared_data / "us_annual_amounts.csv.gz", "rt") as lines:
        amounts = [row for row, _ in zip(csv.DictReader(lines), range(3000), strict=False)]
    with gzip.open(shared_data / "us_annual_ratios.csv.gz", "rt") as lines:
        published = {row["row_id"]: row for row, _ in zip(csv.DictReader(lines), range(3000), strict=False)}
    agree: list[bool] = []
    for row in amounts:
        ratios = derive_ratios({name: float(value) for name, value in row.items() if name != "row_id" and value})
        for name in ("long_term_debt_to_total_capital", "net_income_margin", "sga_margin", "return_on_capital"):
            theirs, ours = published[row["row_id"]][name], ratios[name]
            if theirs and ours is not None:
                agree.append(bool(np.isclose(ours, float(theirs), rtol=2e-3, atol=2e-3)))
    assert len(agree) > 10_000
    assert np.mean(agree) > 0.98


def test_the_market_value_chooses_the_model() -> None:
    scorer = champion(Kind.STATEMENT)
    without, with_value = scorer.score(AMOUNTS), scorer.score({**AMOUNTS, "market_value_musd": 20.0})
    assert "missing:market_value_musd" in map(str, without.flags)
    assert "missing:market_value_musd" not in map(str, with_value.flags)
    assert with_value.pd != without.pd
    assert {c.column for c in with_value.contributions} > {c.column for c in without.contributions}
    higher = scorer.score({**AMOUNTS, "market_value_musd": 900.0})
    assert higher.pd < with_value.pd


@pytest.mark.parametrize("value", [0.0, -5.0])
def test_a_market_value_that_is_none_counts_as_missing(value: float) -> None:
    scorer = champion(Kind.STATEMENT)
    found, without = scorer.score({**AMOUNTS, "market_value_musd": value}), scorer.score(AMOUNTS)
    assert (found.pd, found.flags) == (without.pd, without.flags)
    row = [[{**AMOUNTS, "market_value_musd": value}[name] for name in scorer.columns]]
    assert "missing:market_value_musd" in scorer.score_matrix(np.array(row)).flags_of(0)


@pytest.mark.parametrize("name", NON_NEGATIVE)
def test_the_sign_of_an_amount_that_has_none_changes_a_flag_and_nothing_else(name: str) -> None:
    scorer = champion(Kind.STATEMENT)
    plain, turned = scorer.score(AMOUNTS), scorer.score({**AMOUNTS, name: -AMOUNTS[name]})
    assert (turned.pd, turned.pd_3y, turned.contributions) == (plain.pd, plain.pd_3y, plain.contributions)
    assert set(map(str, turned.flags)) - set(map(str, plain.flags)) == {f"degenerate:{name}"}


def test_negative_equity_ebitda_and_capital_are_flagged() -> None:
    scorer = champion(Kind.STATEMENT)
    equity = scorer.score({**AMOUNTS, "total_liabilities_musd": 700.0})
    assert "degenerate:liabilities_to_assets" in map(str, equity.flags)
    assert "degenerate:capital_to_debt" in map(str, equity.flags)
    loss = scorer.score({**AMOUNTS, "operating_expenses_musd": 640.0})
    assert "degenerate:ebitda_to_liabilities" in map(str, loss.flags)
    assert loss.pd > scorer.score(AMOUNTS).pd


def test_no_debt_is_said_in_words_and_never_as_the_limit_of_division() -> None:
    rows = inputs(Kind.STATEMENT, 400)
    rows[::2, 2] = 0.0
    texts = [reason.text for row in rows.tolist() for reason in champion(Kind.STATEMENT).score_row(row).reasons]
    assert any("no long-term debt" in text or "nothing in the denominator" in text for text in texts)
    assert not any("1000000000" in text for text in texts)
    assert (
        derive_ratios({**AMOUNTS, "long_term_debt_musd": 0.0, "total_liabilities_musd": 500.0})["return_on_capital"]
        is None
    )


@pytest.mark.parametrize("name", list(FEATURE_SETS))
def test_features_of_a_row_are_those_of_a_matrix_bit_for_bit(name: str) -> None:
    features = FEATURE_SETS[name]
    x = inputs(features.kind, 1500)
    matrix = np.column_stack(features.of_matrix(list(np.ascontiguousarray(x.T))))
    rows = np.array([features.of_row(row) for row in x.tolist()])
    assert np.array_equal(matrix, rows, equal_nan=True)
    assert np.nanmax(np.abs(matrix)) <= 2e9


finite = st.floats(-1e9, 1e9, allow_nan=False)


@given(st.lists(finite, max_size=40, unique=True), st.lists(finite, min_size=1, max_size=60))
@settings(deadline=None, max_examples=60)
def test_bins_by_leading_bits_are_those_by_search(edges: list[float], values: list[float]) -> None:
    sorted_edges = np.unique(np.array(edges, np.float64))
    tried = np.array([*values, *edges, np.nan, 0.0, -0.0, 1e9, -1e9])
    tried = np.concatenate([tried, np.nextafter(sorted_edges, np.inf), np.nextafter(sorted_edges, -np.inf)])
    assert np.array_equal(Binner(sorted_edges)(tried), bin_of(tried, sorted_edges))
