"""The way to a lower probability goes along accounts, through states that a company can have, and is the smallest."""

from collections.abc import Callable

import numpy as np
import pytest
from accounts_inputs import ANNUAL, LOSS, RATIO_KINDS, STATEMENT, ratios, shown
from hypothesis import given, settings
from hypothesis import strategies as st
from scoring_inputs import champion

from accunode_scoring import RATIOS, Kind
from accunode_scoring.accounts.levers import CompanyOfRatios, LeverName
from accunode_scoring.accounts.normalised import Vector
from accunode_scoring.accounts.reading import read
from accunode_scoring.accounts.seeking import Found, seek
from accunode_scoring.accounts.statements import CompanyOfStatement, as_read


def company(kind: Kind, values: dict[str, float], allowed: list[LeverName] | None = None) -> CompanyOfRatios:
    """A company of ratios under the shipped model's population."""
    row = np.array([values.get(ratio.name, np.nan) for ratio in RATIOS[kind]])
    references = [champion(kind).model.reference[ratio.name] for ratio in RATIOS[kind]]
    return CompanyOfRatios(kind, read(kind, values).accounts, row, references, allowed)


def pd_of(kind: Kind) -> Callable[[Vector], Vector]:
    """The shipped model."""
    return lambda x: champion(kind).score_matrix(x).pd


@pytest.mark.parametrize("kind", RATIO_KINDS)
@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_every_answer_is_a_state_that_a_company_can_have(kind: Kind, data: st.DataObject) -> None:
    values = data.draw(ratios(kind))
    limit = data.draw(st.sampled_from([0.0005, 0.002, 0.006, 0.02, 0.05]))
    asked = company(kind, values)
    found = seek(asked, pd_of(kind), limit, may_lose=limit > 0.006)
    before, row = read(kind, values).accounts, found.way.row
    assert found.way.pd == pytest.approx(float(champion(kind).score_row(row.tolist()).pd), rel=1e-12)
    assert found.way.pd < limit or not found.reached
    assert np.isnan(row).tolist() == [ratio.name not in values for ratio in RATIOS[kind]]
    if not found.way.shares.any():
        return
    after = asked.moved(found.way.shares[None, :])
    recomputed = shown(kind, after)
    for ratio, value in zip(RATIOS[kind], row, strict=True):
        if ratio.name in values:
            reference = champion(kind).model.reference[ratio.name]
            assert value == recomputed[ratio.name]
            assert min(reference.low, values[ratio.name]) <= value <= max(reference.high, values[ratio.name])
    assert after.ebit[0] <= after.ebitda[0]
    assert after.debt[0] >= 0.0
    assert after.assets[0] > 0.0
    assert after.sga[0] >= 0.0
    assert after.net_income[0] >= before.net_income - 1e-9


def test_no_way_to_a_low_level_leads_through_operations_that_lose_money() -> None:
    asked = company(Kind.ANNUAL, LOSS)
    for limit in (0.0005, 0.002, 0.006):
        found = seek(asked, pd_of(Kind.ANNUAL), limit, may_lose=False)
        for way in (found.way, *(way for way in found.alone if way)):
            after = asked.moved(way.shares[None, :])
            if way.pd < limit:
                assert after.ebitda[0] > 0.0
                assert after.ebit[0] > 0.0
    _, leverage, margin, cover, on_assets = seek(asked, pd_of(Kind.ANNUAL), 0.002, may_lose=False).way.row
    assert (leverage > 0.0, margin > 0.0) == (cover > 0.0, on_assets > 0.0)


def test_the_way_is_the_smallest_and_less_of_any_lever_does_not_reach() -> None:
    def score(x: Vector) -> Vector:
        return 1.0 / (1.0 + np.exp(1.0 + 0.2 * x[:, 4] + 0.3 / x[:, 1]))

    asked = company(Kind.ANNUAL, ANNUAL)
    found = seek(asked, score, 0.05, may_lose=True)
    assert found.reached
    for place, share in enumerate(found.way.shares):
        if share > 0.0:
            less = found.way.shares.copy()
            less[place] = share * 0.999
            assert score(asked.states(less[None, :]).rows)[0] >= 0.05
    alone = [float(way.shares.sum()) for way in found.alone if way]
    assert alone
    assert found.way.shares.sum() <= min(alone)


def test_a_target_out_of_reach_answers_with_the_best_state() -> None:
    asked = company(Kind.ANNUAL, LOSS, [LeverName.REPAY_DEBT])
    found = seek(asked, pd_of(Kind.ANNUAL), 1e-9, may_lose=True)
    assert not found.reached
    assert found.way.pd <= pd_of(Kind.ANNUAL)(np.array([list(LOSS.values())]))[0]
    assert len(asked.levers) == 1


def test_a_target_that_holds_already_needs_no_step_even_at_a_loss() -> None:
    found: Found = seek(company(Kind.ANNUAL, LOSS), pd_of(Kind.ANNUAL), 0.999, may_lose=False)
    assert found.reached
    assert not found.way.shares.any()


@settings(max_examples=25, deadline=None)
@given(
    costs=st.floats(500, 1500),
    income=st.floats(-200, 100),
    cash=st.floats(-50, 200),
    limit=st.sampled_from([0.0005, 0.002, 0.006, 0.02]),
)
def test_a_statement_s_way_keeps_its_balance_and_pays_with_cash_that_is_there(
    costs: float, income: float, cash: float, limit: float
) -> None:
    values = {
        **STATEMENT,
        "operating_expenses_musd": costs,
        "cogs_musd": 0.6 * costs,
        "net_income_musd": income,
        "current_assets_musd": 225.0 + cash,
    }
    asked = CompanyOfStatement(values)
    found = seek(asked, pd_of(Kind.STATEMENT), limit, may_lose=False)
    after, before = dict(zip(as_read(values), found.way.row, strict=True)), as_read(values)
    equity = found.way.shares[[lever.name for lever in asked.levers].index(LeverName.RAISE_EQUITY)] * 850.0
    step = {name: after[name] - before[name] for name in before if name != "market_value_musd"}
    assert step["total_assets_musd"] == pytest.approx(
        step["total_liabilities_musd"] + step["retained_earnings_musd"] + equity, abs=1e-6
    )
    assert step["net_income_musd"] == pytest.approx(step["retained_earnings_musd"], abs=1e-6)
    assert step["total_liabilities_musd"] == pytest.approx(step["long_term_debt_musd"], abs=1e-6)
    assert step["current_assets_musd"] == pytest.approx(step["total_assets_musd"], abs=1e-6)
    assert after["current_assets_musd"] - 225.0 >= min(0.0, cash) - 1e-3
    assert after["long_term_debt_musd"] >= 0.0
    assert after["cogs_musd"] <= after["operating_expenses_musd"] + 1e-9
    assert found.way.pd == pytest.approx(champion(Kind.STATEMENT).score_row(found.way.row.tolist()).pd, rel=1e-9)
