"""What else moves when amounts of a statement change, so that its balance holds.

Total assets are liabilities and equity. What is earned more or less is kept: it moves retained earnings, and cash with
them. Cash is a part of current assets, and of total assets. Interest moves with long-term debt at the statement's own
rate.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from accunode_scoring.accounts.levers import LeverName, States, levers_of
from accunode_scoring.accounts.normalised import Vector, after_tax, before_tax
from accunode_scoring.accounts.reading import USUAL_RATE
from accunode_scoring.amounts import AMOUNTS, NON_NEGATIVE

Amounts = Mapping[str, Any]

MOST_RATE = 0.15
"""Above this rate of interest, what lies between EBIT and profit is not interest alone; the usual one is taken."""

COLUMNS = tuple(amount.name for amount in AMOUNTS)


def interest_rate(amounts: Amounts) -> float:
    """Interest on long-term debt as a fraction, implied by EBIT, net income and tax; else the usual one."""
    debt = amounts["long_term_debt_musd"]
    ebit = amounts["net_sales_musd"] - amounts["operating_expenses_musd"] - _zero(amounts["depreciation_musd"])
    rate = (ebit - before_tax(amounts["net_income_musd"])) / debt if debt > 0.0 else USUAL_RATE
    return float(rate) if 0.0 < rate <= MOST_RATE else USUAL_RATE


def as_read(amounts: Mapping[str, float | None]) -> dict[str, float]:
    """Amounts as they count: those that cannot be negative by their magnitude, NaN where missing."""
    found = {name: np.nan if (value := amounts.get(name)) is None else float(value) for name in COLUMNS}
    return {name: float(abs(value)) if name in NON_NEGATIVE else value for name, value in found.items()}


def changed(amounts: Mapping[str, float | None], typed: Mapping[str, float]) -> dict[str, float]:
    """The amounts of a statement with new values of some, and what follows from them; NaN where missing.

    Sales, costs, depreciation and interest move net income after tax; net income moves retained earnings, cash and
    total assets. Cost of goods sold moves operating expenses. Debt and current liabilities move total liabilities, and
    these are taken up or repaid in cash. Inventory and receivables are exchanged for cash. Retained earnings and total
    assets that are typed are met by equity. What is typed stays as typed.
    """
    before = as_read(amounts)
    after = {**before, **as_read({**amounts, **typed})}

    def step(name: str) -> float:
        return float(_zero(after[name] - before[name]))

    def move(name: str, by: float) -> None:
        if name not in typed:
            after[name] += by

    move("operating_expenses_musd", step("cogs_musd"))
    ebit = step("net_sales_musd") - step("operating_expenses_musd") - step("depreciation_musd")
    profit = ebit - interest_rate(before) * step("long_term_debt_musd")
    move("net_income_musd", _earned(before["net_income_musd"], profit))
    earned = step("net_income_musd")
    move("retained_earnings_musd", earned)
    kept = step("retained_earnings_musd") if "retained_earnings_musd" in typed else earned
    move("total_liabilities_musd", step("long_term_debt_musd") + step("current_liabilities_musd"))
    financed = step("total_liabilities_musd") + kept
    if "current_assets_musd" in typed and "total_assets_musd" not in typed and financed == 0.0:
        move("total_assets_musd", step("current_assets_musd"))
    else:
        move("total_assets_musd", financed)
        move("current_assets_musd", step("total_assets_musd") + step("depreciation_musd"))
    return after


class CompanyOfStatement:
    """A company known by its statement.

    Args:
        amounts: In million by column name.
        allowed: The levers that may be moved; all without.
    """

    def __init__(self, amounts: Mapping[str, float | None], allowed: Sequence[LeverName] | None = None) -> None:
        self._amounts = amounts
        self._read = a = as_read(amounts)
        self._rate = interest_rate(a)
        self.levers = levers_of(
            {
                LeverName.RAISE_PRICES: a["net_sales_musd"],
                LeverName.CUT_COSTS: a["operating_expenses_musd"],
                LeverName.RAISE_EQUITY: a["total_assets_musd"],
                LeverName.REPAY_DEBT: a["long_term_debt_musd"],
            },
            allowed,
        )

    def moved(self, shares: Vector) -> dict[str, Any]:
        """The amounts after the levers were moved by shares of shape (n, levers), each of shape (n,)."""
        a = self._read
        by = {lever.name: shares[:, place] * lever.amount for place, lever in enumerate(self.levers)}
        share = {lever.name: shares[:, place] for place, lever in enumerate(self.levers)}
        zero = np.zeros(len(shares))
        prices, costs, equity, repaid = (
            by.get(name, zero)
            for name in (LeverName.RAISE_PRICES, LeverName.CUT_COSTS, LeverName.RAISE_EQUITY, LeverName.REPAY_DEBT)
        )
        earned = _earned(a["net_income_musd"], prices + costs + self._rate * repaid)
        cash = earned + equity - repaid
        moves = {
            "total_assets_musd": cash,
            "total_liabilities_musd": -repaid,
            "long_term_debt_musd": -repaid,
            "current_assets_musd": cash,
            "net_sales_musd": prices,
            "cogs_musd": -a["cogs_musd"] * share.get(LeverName.CUT_COSTS, zero),
            "operating_expenses_musd": -costs,
            "net_income_musd": earned,
            "retained_earnings_musd": earned,
        }
        return {name: a[name] + moves.get(name, zero) for name in COLUMNS}

    def states(self, shares: Vector) -> States:
        """What moving levers by shares of shape (n, levers) makes of the company."""
        now, a = self.moved(shares), self._read
        rows = np.stack([now[name] for name in COLUMNS], axis=1)
        untouched = ~shares.any(axis=1)
        rows[untouched] = [np.nan if (v := self._amounts.get(name)) is None else v for name in COLUMNS]
        ebitda = now["net_sales_musd"] - now["operating_expenses_musd"]
        losing = (ebitda < 0.0) | (ebitda - _zero(a["depreciation_musd"]) < 0.0)
        return States(rows, untouched | self._possible(now), losing)

    def _possible(self, now: Mapping[str, Any]) -> Any:
        """Cash is not paid out that is not there, nor liabilities that are none."""
        a = self._read
        cash = now["current_assets_musd"] - _zero(a["inventory_musd"]) - _zero(a["receivables_musd"])
        before = a["current_assets_musd"] - _zero(a["inventory_musd"]) - _zero(a["receivables_musd"])
        enough = np.isnan(cash) | (cash >= min(0.0, before) - 1e-9 * a["total_assets_musd"])
        if np.isnan(a["current_assets_musd"]):
            enough &= now["total_assets_musd"] >= a["total_assets_musd"] * LEAST_UNKNOWN
        least = min(0.0, a["total_liabilities_musd"] - a["long_term_debt_musd"])
        return (
            enough
            & (now["total_liabilities_musd"] - now["long_term_debt_musd"] >= least - 1e-9)
            & (now["total_assets_musd"] > 0.0)
        )


LEAST_UNKNOWN = 0.9
"""Where current assets are not given, a tenth of total assets at most is taken for cash."""


def _zero(value: Any) -> Any:
    return np.where(np.isnan(value), 0.0, value) if isinstance(value, np.ndarray) else 0.0 if np.isnan(value) else value


def _earned(income: float, profit: Any) -> Any:
    """What a change of profit before tax changes net income by."""
    return after_tax(before_tax(income) + profit) - income
