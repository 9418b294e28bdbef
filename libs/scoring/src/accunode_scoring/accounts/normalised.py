"""A company's accounts with total assets of 100, and the ratios that follow from them, for floats and arrays alike."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from accunode_scoring.kinds import Kind
from accunode_scoring.ratios import RATIOS
from accunode_scoring.statement import TAX_RATE

Vector = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Accounts:
    """Amounts per 100 of total assets as they were read; each a float or an array of shape (n,).

    Total debt is long-term and short-term debt, capital long-term debt and equity. Interest is `interest_rate` (a
    fraction) on total debt and `other_interest`. `other_charges` are what lies between profit after tax and net income:
    one-off items, and taxes other than those at `TAX_RATE` on a profit.
    """

    assets: Any
    sales: Any
    long_term_debt: Any
    short_term_debt: Any
    equity: Any
    ebitda: Any
    depreciation: Any
    interest_rate: Any
    other_interest: Any
    other_charges: Any
    sga: Any

    @property
    def debt(self) -> Any:
        """Total debt."""
        return self.long_term_debt + self.short_term_debt

    @property
    def capital(self) -> Any:
        """Long-term debt and equity."""
        return self.long_term_debt + self.equity

    @property
    def ebit(self) -> Any:
        """EBITDA less depreciation."""
        return self.ebitda - self.depreciation

    @property
    def interest(self) -> Any:
        """Interest expense."""
        return self.interest_rate * self.debt + self.other_interest

    @property
    def net_income(self) -> Any:
        """Profit after tax and other charges."""
        return after_tax(self.ebit - self.interest) - self.other_charges

    @property
    def costs(self) -> Any:
        """Operating costs before depreciation."""
        return self.sales - self.ebitda

    @property
    def other_costs(self) -> Any:
        """Operating costs other than SG&A."""
        return self.costs - self.sga


def after_tax(profit: Any) -> Any:
    """Profit less tax at `TAX_RATE`; a loss pays none and gets none back."""
    return profit - TAX_RATE * np.maximum(profit, 0.0)


def before_tax(profit: float) -> float:
    """The profit before tax that leaves this one."""
    return profit / (1.0 - TAX_RATE) if profit > 0.0 else profit


def ratios_of(kind: Kind, accounts: Accounts) -> Vector:
    """The ratios of n accounts as a matrix of shape (n, ratios); NaN where nothing is in the denominator."""
    columns = np.broadcast_arrays(*(np.atleast_1d(_FORMULAS[r.name](accounts)) for r in RATIOS[kind]))
    return np.stack(columns, axis=1).astype(np.float64)


def _quotient(factor: float, numerator: Any, denominator: Any) -> Any:
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        quotient = np.divide(np.multiply(factor, numerator), denominator)
        return np.where(np.isfinite(quotient), quotient, np.nan)


_FORMULAS = {
    "long_term_debt_to_total_capital": lambda a: _quotient(100.0, a.long_term_debt, a.capital),
    "total_debt_to_ebitda": lambda a: _quotient(1.0, a.debt, a.ebitda),
    "net_income_margin": lambda a: _quotient(100.0, a.net_income, a.sales),
    "ebit_to_interest_expense": lambda a: _quotient(1.0, a.ebit, a.interest),
    "return_on_assets": lambda a: _quotient(100.0, a.net_income, a.assets),
    "sga_margin": lambda a: _quotient(100.0, a.sga, a.sales),
    "return_on_capital": lambda a: _quotient(100.0, a.ebit, a.capital),
}
