"""How one fictitious company's accounts move from year to year, and the ratios read from them.

The ratios follow the product's definitions (percentages as percent numbers, multiples as plain numbers), so what holds
between real ratios holds here: return on assets is margin times turnover, and interest follows from debt.
"""

import random
from dataclasses import dataclass
from statistics import NormalDist

STANDARD_NORMAL = NormalDist()
PROFILES = ("healthy", "leveraged", "debt_free", "young", "distressed")
SHARES = (0.46, 0.22, 0.12, 0.08, 0.12)


@dataclass(frozen=True)
class Trade:
    """What is usual in a sector: sales over assets, and overheads and depreciation as fractions of sales."""

    turnover: float
    overheads: float
    depreciation: float


TRADES = {
    "Industrials": Trade(1.0, 0.18, 0.045),
    "Technology": Trade(0.8, 0.36, 0.05),
    "Health care": Trade(0.7, 0.38, 0.05),
    "Consumer goods": Trade(1.2, 0.24, 0.035),
    "Retail": Trade(2.0, 0.25, 0.025),
    "Energy": Trade(0.6, 0.09, 0.12),
    "Utilities": Trade(0.35, 0.08, 0.12),
    "Materials": Trade(0.9, 0.12, 0.06),
    "Transport": Trade(1.1, 0.14, 0.07),
    "Telecommunications": Trade(0.5, 0.26, 0.15),
    "Real estate": Trade(0.2, 0.15, 0.16),
    "Media": Trade(0.8, 0.3, 0.07),
}


@dataclass(frozen=True)
class Year:
    """The accounts of twelve months, in units of the first year's total assets."""

    assets: float
    sales: float
    debt: float
    equity: float
    ebitda: float
    ebit: float
    interest: float
    net_income: float
    overheads: float

    @property
    def capital(self) -> float:
        return self.debt + self.equity

    @property
    def long_term_debt_to_total_capital(self) -> float | None:
        return 100 * self.debt / self.capital if self.capital else None

    @property
    def total_debt_to_ebitda(self) -> float | None:
        return self.debt / self.ebitda if self.ebitda else None

    @property
    def net_income_margin(self) -> float:
        return 100 * self.net_income / self.sales

    @property
    def ebit_to_interest_expense(self) -> float | None:
        return self.ebit / self.interest if self.interest else None

    @property
    def return_on_assets(self) -> float:
        return 100 * self.net_income / self.assets

    @property
    def sga_margin(self) -> float:
        return 100 * self.overheads / self.sales

    @property
    def return_on_capital(self) -> float | None:
        return 100 * self.ebit / self.capital if self.capital else None


@dataclass(frozen=True)
class _Start:
    """Debt over assets, the EBIT margin, its yearly drift and noise, and the growth of assets."""

    debt: float
    margin: float
    drift: float
    noise: float
    growth: float


def normal(rng: random.Random) -> float:
    """A standard normal draw. `random()` alone is promised to give the same numbers in every version of Python."""
    return STANDARD_NORMAL.inv_cdf(min(max(rng.random(), 1e-9), 1 - 1e-9))


def between(rng: random.Random, low: float, high: float) -> float:
    return low + (high - low) * rng.random()


def draw_profile(rng: random.Random) -> str:
    mark = rng.random()
    for profile, share in zip(PROFILES, SHARES, strict=True):
        mark -= share
        if mark < 0:
            return profile
    return PROFILES[-1]


def draw_years(rng: random.Random, profile: str, sector: str, periods: int, per_year: int = 1) -> list[Year]:
    """The accounts of `periods` consecutive periods, `per_year` of them in a year; each covers twelve months."""
    trade, start = TRADES[sector], _start(rng, profile)
    pace = 1 / per_year
    turnover = trade.turnover * 2 ** (0.4 * normal(rng))
    overheads_share = trade.overheads * 2 ** (0.35 * normal(rng))
    rate = between(rng, 0.03, 0.06) + (0.04 if profile == "distressed" else 0)
    assets, debt, margin = 1.0, start.debt, start.margin
    equity = assets * between(rng, 0.75, 0.9) - debt
    years = []
    for _ in range(periods):
        sales = assets * turnover
        ebit = margin * sales
        ebitda = ebit + trade.depreciation * sales
        interest = rate * debt
        before_tax = ebit - interest
        net_income = before_tax * (0.77 if before_tax > 0 else 1.0)
        years.append(Year(assets, sales, debt, equity, ebitda, ebit, interest, net_income, overheads_share * sales))
        margin += pace * start.drift + pace**0.5 * start.noise * normal(rng)
        # Half of a profit is paid out; a loss is borne by equity and, in part, by borrowing.
        retained = pace * net_income * (0.5 if net_income > 0 else 1.0)
        equity += retained
        if debt and net_income < 0:
            debt -= 0.4 * retained
        debt *= 1 + pace * (0.02 if profile == "leveraged" else -0.01)
        assets = max(assets * (1 + pace * (start.growth + 0.04 * normal(rng))) + min(retained, 0.0) * 0.5, 0.05)
        overheads_share *= 1 + 0.03 * pace * normal(rng)
    return years


def _start(rng: random.Random, profile: str) -> _Start:
    match profile:
        case "healthy":
            return _Start(between(rng, 0.05, 0.3), between(rng, 0.06, 0.18), 0.0, 0.015, 0.05)
        case "leveraged":
            return _Start(between(rng, 0.38, 0.6), between(rng, 0.06, 0.16), -0.002, 0.02, 0.03)
        case "debt_free":
            return _Start(0.0, between(rng, 0.04, 0.18), 0.0, 0.025, 0.06)
        case "young":
            return _Start(between(rng, 0.0, 0.15), between(rng, -0.7, -0.1), 0.06, 0.05, 0.12)
        case _:
            return _Start(between(rng, 0.4, 0.65), between(rng, 0.02, 0.08), -0.022, 0.025, -0.04)
