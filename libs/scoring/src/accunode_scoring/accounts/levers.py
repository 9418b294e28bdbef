"""The levers of a company: amounts that its management can change, each by a share of what it is."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from accunode_scoring.accounts.normalised import Accounts, Vector, ratios_of
from accunode_scoring.kinds import Kind
from accunode_scoring.model_file import Reference
from accunode_scoring.ratios import RATIOS

LEAST_ASSETS = 0.5
"""Debt is repaid in cash, or from what is sold: half of the assets stay."""


class LeverName(StrEnum):
    """What a company can do."""

    RAISE_PRICES = "raise_prices"
    CUT_COSTS = "cut_costs"
    CUT_SGA = "cut_sga"
    RAISE_EQUITY = "raise_equity"
    REPAY_DEBT = "repay_debt"


@dataclass(frozen=True, slots=True)
class Lever:
    """A lever; it moves `amount`, the account as it is, by at most the share `most` of it."""

    name: LeverName
    label: str
    amount: float
    most: float


@dataclass(frozen=True, slots=True)
class States:
    """n states of a company: inputs, shape (n, columns); whether each can exist, and whether operations lose money."""

    rows: Vector
    possible: NDArray[np.bool_]
    losing: NDArray[np.bool_]


class Company(Protocol):
    """A company with its levers."""

    @property
    def levers(self) -> tuple[Lever, ...]:
        """Those that it has, in the order in which they are moved."""
        ...

    def states(self, shares: Vector) -> States:
        """What moving levers by shares of shape (n, levers) makes of it."""
        ...


LABELS = {
    LeverName.RAISE_PRICES: "Raise prices: net sales rise at the same costs",
    LeverName.CUT_COSTS: "Cut operating costs at the same net sales",
    LeverName.CUT_SGA: "Cut SG&A costs at the same net sales",
    LeverName.RAISE_EQUITY: "Raise equity in cash, in per cent of total assets",
    LeverName.REPAY_DEBT: "Repay debt in cash",
}
MOST = {
    LeverName.RAISE_PRICES: 0.5,
    LeverName.CUT_COSTS: 0.5,
    LeverName.CUT_SGA: 0.5,
    LeverName.RAISE_EQUITY: 1.0,
    LeverName.REPAY_DEBT: 0.95,
}
"""Beyond these shares a lever is no plan any more; some debt stays, so that cover keeps a meaning."""


def levers_of(amounts: dict[LeverName, float], allowed: Sequence[LeverName] | None) -> tuple[Lever, ...]:
    """The levers with an amount above zero, in the order of their names, of those allowed (all without)."""
    return tuple(
        Lever(name, LABELS[name], amounts[name], MOST[name])
        for name in LeverName
        if name in amounts and amounts[name] > 0.0 and (allowed is None or name in allowed)
    )


class CompanyOfRatios:
    """A company known by annual or quarterly ratios.

    Args:
        accounts: As they were read from the ratios.
        row: The ratios as given, in the order of the kind, NaN where missing; those stay missing.
        references: The population of each ratio; no state leaves its range further than the company is outside already.
    """

    def __init__(
        self,
        kind: Kind,
        accounts: Accounts,
        row: Vector,
        references: Sequence[Reference],
        allowed: Sequence[LeverName] | None = None,
    ) -> None:
        self._kind, self._accounts, self._row = kind, accounts, row
        self._low = np.fmin([reference.low for reference in references], row)
        self._high = np.fmax([reference.high for reference in references], row)
        self.columns = tuple(ratio.name for ratio in RATIOS[kind])
        given = {name for name, value in zip(self.columns, row, strict=True) if not np.isnan(value)}
        self._shows_ebitda = "total_debt_to_ebitda" in given
        self._shows_ebit = not given.isdisjoint({"ebit_to_interest_expense", "return_on_capital"})
        amounts = {
            LeverName.RAISE_PRICES: accounts.sales,
            LeverName.CUT_COSTS: accounts.other_costs,
            LeverName.CUT_SGA: accounts.sga if "sga_margin" in given else 0.0,
            LeverName.RAISE_EQUITY: accounts.assets,
            LeverName.REPAY_DEBT: accounts.debt,
        }
        self.levers = levers_of(amounts, allowed)

    def moved(self, shares: Vector) -> Accounts:
        """The accounts after the levers were moved by shares of shape (n, levers)."""
        by = {lever.name: shares[:, place] * lever.amount for place, lever in enumerate(self.levers)}
        zero: Any = np.zeros(len(shares))
        prices, costs, sga, equity, repaid = (by.get(name, zero) for name in LeverName)
        a = self._accounts
        long = a.long_term_debt / a.debt if a.debt > 0.0 else 1.0
        return replace(
            a,
            assets=a.assets + equity - repaid,
            sales=a.sales + prices,
            long_term_debt=a.long_term_debt - repaid * long,
            short_term_debt=a.short_term_debt - repaid * (1.0 - long),
            equity=a.equity + equity,
            ebitda=a.ebitda + prices + costs + sga,
            sga=a.sga - sga,
        )

    def states(self, shares: Vector) -> States:
        """What moving levers by shares of shape (n, levers) makes of the company."""
        accounts = self.moved(shares)
        rows = ratios_of(self._kind, accounts)
        untouched = ~shares.any(axis=1)
        rows[untouched] = self._row
        given = ~np.isnan(self._row)
        rows[:, ~given] = np.nan
        inside = ((rows >= self._low) & (rows <= self._high))[:, given].all(axis=1)
        possible = inside & (accounts.assets > LEAST_ASSETS * self._accounts.assets)
        losing = (self._shows_ebitda & (accounts.ebitda < 0.0)) | (self._shows_ebit & (accounts.ebit < 0.0))
        return States(rows, untouched | possible, losing)
