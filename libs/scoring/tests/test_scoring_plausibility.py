"""Accounts that contradict themselves, or that no filer of the population has, are scored with a flag that says so."""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scoring_inputs import KINDS, as_values, champion, inputs

from accunode_scoring import Kind
from accunode_scoring.plausibility import CHECKS, VOCABULARIES, bits_of_matrix, flags_of_row

STATEMENT = {
    "total_assets_musd": 1000.0,
    "total_liabilities_musd": 600.0,
    "long_term_debt_musd": 200.0,
    "current_assets_musd": 400.0,
    "current_liabilities_musd": 250.0,
    "net_sales_musd": 900.0,
    "cogs_musd": 500.0,
    "operating_expenses_musd": 750.0,
    "depreciation_musd": 40.0,
    "net_income_musd": 50.0,
    "inventory_musd": 100.0,
    "receivables_musd": 150.0,
    "retained_earnings_musd": 200.0,
    "market_value_musd": 800.0,
}
SOUND: dict[Kind, dict[str, float]] = {
    Kind.ANNUAL: {
        "long_term_debt_to_total_capital": 40.0,
        "total_debt_to_ebitda": 2.4,
        "net_income_margin": 6.0,
        "ebit_to_interest_expense": 7.0,
        "return_on_assets": 5.0,
    },
    Kind.QUARTERLY: {
        "total_debt_to_ebitda": 2.4,
        "sga_margin": 20.0,
        "long_term_debt_to_total_capital": 40.0,
        "return_on_capital": 9.0,
    },
    Kind.STATEMENT: STATEMENT,
}
ODD: list[tuple[Kind, str, dict[str, float]]] = [
    (Kind.ANNUAL, "margin_contradicts_return", {"return_on_assets": -10.0}),
    (Kind.ANNUAL, "cover_contradicts_ebitda", {"total_debt_to_ebitda": -3.0}),
    (Kind.ANNUAL, "profit_despite_negative_ebitda", {"total_debt_to_ebitda": -3.0}),
    (Kind.ANNUAL, "debt_contradicts_capital", {"total_debt_to_ebitda": 0.0}),
    (Kind.ANNUAL, "net_income_exceeds_sales", {"net_income_margin": 101.0}),
    (Kind.ANNUAL, "net_income_exceeds_assets", {"return_on_assets": 101.0}),
    (Kind.ANNUAL, "implied_turnover_unusual", {"net_income_margin": 0.1}),
    (Kind.QUARTERLY, "return_contradicts_ebitda", {"total_debt_to_ebitda": -3.0}),
    (Kind.QUARTERLY, "debt_contradicts_capital", {"total_debt_to_ebitda": 0.0}),
    (Kind.QUARTERLY, "sga_contradicts_ebitda", {"sga_margin": 120.0}),
    (Kind.STATEMENT, "current_assets_exceed_total", {"current_assets_musd": 1010.0}),
    (Kind.STATEMENT, "current_liabilities_exceed_total", {"current_liabilities_musd": 610.0}),
    (Kind.STATEMENT, "long_term_debt_exceeds_liabilities", {"long_term_debt_musd": 610.0}),
    (Kind.STATEMENT, "debt_and_current_liabilities_exceed_total", {"long_term_debt_musd": 400.0}),
    (Kind.STATEMENT, "operating_expenses_below_cost_of_goods", {"operating_expenses_musd": 250.0}),
    (Kind.STATEMENT, "stocks_and_receivables_exceed_current", {"inventory_musd": 300.0}),
    (Kind.STATEMENT, "retained_earnings_exceed_assets", {"retained_earnings_musd": 1100.0}),
    (Kind.STATEMENT, "profit_without_sales", {"net_sales_musd": 0.0}),
    (Kind.STATEMENT, "net_income_exceeds_sales", {"net_income_musd": 950.0}),
    (Kind.STATEMENT, "net_income_exceeds_assets", {"net_income_musd": 1001.0}),
    (Kind.STATEMENT, "negative_sales", {"net_sales_musd": -1.0}),
    (Kind.STATEMENT, "sales_without_costs", {"operating_expenses_musd": 0.0}),
    (Kind.STATEMENT, "depreciation_exceeds_assets", {"depreciation_musd": 1001.0}),
    (Kind.STATEMENT, "sales_far_above_assets", {"net_sales_musd": 21_000.0}),
    (Kind.STATEMENT, "size_below_population", {"total_assets_musd": 0.05}),
    (Kind.STATEMENT, "amounts_look_like_thousands", {"net_sales_musd": 900_000.0}),
    (Kind.STATEMENT, "amounts_look_like_units", {"total_assets_musd": 50_000_000.0}),
    (Kind.STATEMENT, "market_value_far_from_assets", {"market_value_musd": 0.8}),
]


def test_every_flag_has_an_example() -> None:
    assert [(kind, check.flag.code) for kind in KINDS for check in CHECKS[kind]] == [odd[:2] for odd in ODD]


@pytest.mark.parametrize("kind", KINDS)
def test_sound_accounts_have_no_flag(kind: Kind) -> None:
    assert champion(kind).score(SOUND[kind]).flags == ()


@pytest.mark.parametrize(("kind", "code", "changed"), ODD, ids=[f"{kind}-{code}" for kind, code, _ in ODD])
def test_what_looks_wrong_is_scored_with_a_flag(kind: Kind, code: str, changed: dict[str, float]) -> None:
    flags = champion(kind).score({**SOUND[kind], **changed}).flags
    assert code in {flag.code for flag in flags}


def _rows(kind: Kind) -> st.SearchStrategy[list[float]]:
    numbers = st.floats(-1e7, 1e7) | st.sampled_from([0.0, -0.0, math.nan, 100.0, 1.0, 1e5])
    return st.lists(numbers, min_size=len(SOUND[kind]), max_size=len(SOUND[kind]))


@pytest.mark.parametrize("kind", KINDS)
@given(data=st.data())
def test_a_row_is_flagged_alike_by_itself_and_in_a_matrix(kind: Kind, data: st.DataObject) -> None:
    row = data.draw(_rows(kind))
    bits = int(bits_of_matrix(kind, list(np.array([row]).T))[0])
    names = [name for place, name in enumerate(VOCABULARIES[kind]) if bits >> place & 1]
    assert list(map(str, flags_of_row(kind, row))) == names


@pytest.mark.parametrize("kind", KINDS)
@given(data=st.data())
def test_what_is_missing_raises_no_flag(kind: Kind, data: st.DataObject) -> None:
    row = data.draw(_rows(kind))
    place = data.draw(st.integers(0, len(row) - 1))
    without = [*row[:place], math.nan, *row[place + 1 :]]
    assert set(flags_of_row(kind, without)) <= set(flags_of_row(kind, row))


def test_a_cost_written_as_a_negative_counts_by_its_magnitude() -> None:
    row: list[Any] = list(STATEMENT.values())
    place = list(STATEMENT).index("operating_expenses_musd")
    turned = [*row[:place], -row[place], *row[place + 1 :]]
    assert flags_of_row(Kind.STATEMENT, turned) == flags_of_row(Kind.STATEMENT, row) == ()


def test_statements_without_a_market_value_are_flagged_in_a_matrix_as_alone() -> None:
    scorer, x = champion(Kind.STATEMENT), inputs(Kind.STATEMENT, 200)
    matrix = scorer.score_matrix(x)
    assert [matrix.flags_of(place) for place in range(len(x))] == [
        tuple(map(str, scorer.score(as_values(scorer, row)).flags)) for row in x
    ]
