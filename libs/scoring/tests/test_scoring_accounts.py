"""Ratios are read as accounts that a company can have, and one that changes moves those that share an account."""

import math

import numpy as np
import pytest
from accounts_inputs import ANNUAL, LOSS, RATIO_KINDS, STATEMENT, ratios, shown
from hypothesis import given, settings
from hypothesis import strategies as st

from accunode_scoring import Kind
from accunode_scoring.accounts.reading import read
from accunode_scoring.accounts.retyping import retyped
from accunode_scoring.accounts.statements import as_read, changed, interest_rate
from accunode_scoring.statement import TAX_RATE


def assert_met(found: dict[str, float], wanted: dict[str, float]) -> None:
    for name, value in wanted.items():
        assert math.isclose(found[name], value, rel_tol=1e-6, abs_tol=1e-9), name


@pytest.mark.parametrize("kind", RATIO_KINDS)
@settings(max_examples=300, deadline=None)
@given(data=st.data())
def test_accounts_behind_ratios_exist_and_give_these_ratios(kind: Kind, data: st.DataObject) -> None:
    given_ratios = data.draw(ratios(kind))
    reading = read(kind, given_ratios)
    a = reading.accounts
    assert a.depreciation >= 0.0
    assert a.long_term_debt >= 0.0
    assert a.short_term_debt >= 0.0
    assert a.sales > 0.0
    assert a.interest >= 0.0
    assert a.sga >= 0.0
    assert a.assets - a.equity - a.debt >= -1e-9 * a.assets
    if not reading.remarks:
        assert_met(shown(kind, a), given_ratios)


@pytest.mark.parametrize("kind", RATIO_KINDS)
@settings(max_examples=300, deadline=None)
@given(data=st.data())
def test_new_values_are_met_by_accounts_that_exist_or_said_to_contradict(kind: Kind, data: st.DataObject) -> None:
    before = read(kind, data.draw(ratios(kind))).accounts
    typed = data.draw(ratios(kind))
    moved = retyped(before, typed)
    a = moved.accounts
    assert a.depreciation >= -1e-9
    assert a.debt >= -1e-9
    assert a.assets > 0.0
    if not moved.remarks:
        assert_met(shown(kind, a), typed)


@pytest.mark.parametrize(
    ("contradicting", "words"),
    [
        ({**ANNUAL, "return_on_assets": -3.7}, "one numerator"),
        ({**ANNUAL, "total_debt_to_ebitda": -3.2}, "EBITDA less depreciation"),
        ({**ANNUAL, "total_debt_to_ebitda": 0.0}, "there is no debt"),
    ],
)
def test_ratios_that_contradict_each_other_are_read_with_a_sentence(
    contradicting: dict[str, float], words: str
) -> None:
    reading = read(Kind.ANNUAL, contradicting)
    assert len(reading.remarks) == 1
    assert words in reading.remarks[0]
    assert not read(Kind.ANNUAL, ANNUAL).remarks


@pytest.mark.parametrize("start", [ANNUAL, LOSS])
def test_margin_and_return_move_together_and_earnings_with_them(start: dict[str, float]) -> None:
    before = read(Kind.ANNUAL, start).accounts
    for typed in ({"return_on_assets": 12.0}, {"net_income_margin": 12.0}):
        after = shown(Kind.ANNUAL, retyped(before, typed).accounts)
        assert after["net_income_margin"] / start["net_income_margin"] == pytest.approx(
            after["return_on_assets"] / start["return_on_assets"]
        )
        assert after["ebit_to_interest_expense"] > start["ebit_to_interest_expense"]
        assert 1.0 / after["total_debt_to_ebitda"] > 1.0 / start["total_debt_to_ebitda"]
        assert after["long_term_debt_to_total_capital"] == pytest.approx(start["long_term_debt_to_total_capital"])


def test_less_leverage_is_less_debt_and_less_interest_where_ebitda_is_positive() -> None:
    before = read(Kind.ANNUAL, ANNUAL).accounts
    after = retyped(before, {"total_debt_to_ebitda": 2.0}).accounts
    assert after.ebitda == before.ebitda
    assert after.debt < before.debt
    assert after.interest < before.interest
    found = shown(Kind.ANNUAL, after)
    assert found["long_term_debt_to_total_capital"] < ANNUAL["long_term_debt_to_total_capital"]
    assert found["ebit_to_interest_expense"] > ANNUAL["ebit_to_interest_expense"]


def test_a_positive_leverage_of_a_loss_takes_a_positive_ebitda_and_its_cover() -> None:
    after = retyped(read(Kind.ANNUAL, LOSS).accounts, {"total_debt_to_ebitda": 3.0}).accounts
    assert after.ebitda > 0.0
    assert shown(Kind.ANNUAL, after)["ebit_to_interest_expense"] > 0.0


AMOUNT = st.floats(0, 2000)


@settings(max_examples=200, deadline=None)
@given(
    typed=st.dictionaries(
        st.sampled_from(["net_sales_musd", "operating_expenses_musd", "depreciation_musd", "long_term_debt_musd"]),
        AMOUNT,
        min_size=1,
    )
)
def test_a_statement_that_changes_keeps_its_balance(typed: dict[str, float]) -> None:
    before, after = as_read(STATEMENT), changed(STATEMENT, typed)
    step = {name: after[name] - before[name] for name in before}
    assert {name: after[name] for name in typed} == typed
    assert step["retained_earnings_musd"] == pytest.approx(step["net_income_musd"])
    assert step["total_assets_musd"] == pytest.approx(
        step["total_liabilities_musd"] + step["retained_earnings_musd"], abs=1e-9
    )
    assert step["total_liabilities_musd"] == pytest.approx(step["long_term_debt_musd"], abs=1e-9)
    profit = step["net_sales_musd"] - step["operating_expenses_musd"] - step["depreciation_musd"]
    profit -= interest_rate(before) * step["long_term_debt_musd"]
    whole = before["net_income_musd"] / (1.0 - TAX_RATE) + profit
    income = whole * (1.0 - TAX_RATE) if whole > 0.0 else whole
    assert after["net_income_musd"] == pytest.approx(income, abs=1e-9)


def test_amounts_that_were_not_given_stay_missing() -> None:
    after = changed({**STATEMENT, "retained_earnings_musd": None}, {"net_income_musd": 50.0})
    assert np.isnan(after["retained_earnings_musd"])
    assert after["total_assets_musd"] == 862.0
