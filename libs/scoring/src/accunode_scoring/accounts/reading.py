"""Ratios read as accounts: what they determine is determined, the rest is what is usual.

The ratios of a kind never fix all amounts. Free ones are taken such that every ratio given is met exactly and the
company can exist: depreciation is not negative, debt is not negative, parts are not above their whole. Where ratios
contradict each other no accounts meet all of them; then the one that speaks worse of the company counts, and a remark
says so.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import copysign

from accunode_scoring.accounts.normalised import Accounts, after_tax, before_tax
from accunode_scoring.kinds import Kind

ASSETS = 100.0
USUAL_SALES, USUAL_CAPITAL, USUAL_DEBT_SHARE, USUAL_SGA = 100.0, 60.0, 40.0, 20.0
USUAL_RATE, USUAL_DEPRECIATION, USUAL_EBIT = 0.06, 4.0, 6.0
"""Per 100 of total assets, near the middle of US filers: a choice where the ratios leave one, no estimate."""

MOST_CAPITAL, MOST_DEBT, LEAST_PART = 95.0, 150.0, 0.02
NEGATIVE_CAPITAL = 20.0

Ratios = Mapping[str, float | None]


@dataclass(frozen=True, slots=True)
class Reading:
    """Accounts, and in sentences where ratios contradict each other."""

    accounts: Accounts
    remarks: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Balance:
    """The most debt there can be, short-term debt per unit of it, and equity per unit of debt and in itself."""

    most_debt: float
    short_term: float
    equity_by_debt: float
    equity: float


@dataclass(frozen=True, slots=True)
class _Operations:
    debt: float
    ebitda: float
    ebit: float
    rate: float
    other_interest: float = 0.0


def read(kind: Kind, ratios: Ratios) -> Reading:
    """The accounts behind annual or quarterly ratios; None and absent are missing."""
    return _annual(ratios) if kind is Kind.ANNUAL else _quarterly(ratios)


def negative(value: float) -> bool:
    """Whether a value is below zero, or the zero that has a minus."""
    return copysign(1.0, value) < 0.0


def _annual(ratios: Ratios) -> Reading:
    share, leverage = ratios.get("long_term_debt_to_total_capital"), ratios.get("total_debt_to_ebitda")
    cover, remarks = ratios.get("ebit_to_interest_expense"), list[str]()
    income, sales = _income(ratios.get("net_income_margin"), ratios.get("return_on_assets"), remarks)
    if leverage is not None and cover is not None and negative(leverage) and cover >= 0.0:
        remarks.append(
            "EBIT / interest expense says that EBIT is not negative, total debt / EBITDA that EBITDA is: EBIT is "
            "EBITDA less depreciation, so EBITDA is taken as negative and EBIT / interest expense left aside."
        )
        cover = None
    if leverage == 0.0 and share is not None and share != 0.0:
        remarks.append(_DEBT_BESIDE_NONE)
        operations = _indebted(_balance(share), _sign_only(leverage), cover, income)
    elif leverage == 0.0 or (leverage is None and share == 0.0):
        operations = _without_debt(leverage, cover, income)
    else:
        operations = _indebted(_balance(share), leverage, cover, income)
    balance = _balance(share)
    debt = operations.debt
    short = balance.short_term * debt
    profit = float(after_tax(operations.ebit - operations.rate * debt - operations.other_interest))
    return Reading(
        Accounts(
            assets=ASSETS,
            sales=sales,
            long_term_debt=debt - short,
            short_term_debt=short,
            equity=balance.equity + balance.equity_by_debt * debt,
            ebitda=operations.ebitda,
            depreciation=max(operations.ebitda - operations.ebit, 0.0),
            interest_rate=operations.rate,
            other_interest=operations.other_interest,
            other_charges=0.0 if income is None else profit - income,
            sga=0.0,
        ),
        tuple(remarks),
    )


_DEBT_BESIDE_NONE = (
    "Total debt / EBITDA says that there is no debt, long-term debt / total capital that there is: the debt counts, "
    "and of total debt / EBITDA the sign."
)


def _income(margin: float | None, on_assets: float | None, remarks: list[str]) -> tuple[float | None, float]:
    """Net income and sales."""
    if margin is None or on_assets is None:
        found = on_assets if margin is None else margin * USUAL_SALES / 100.0
        return found, USUAL_SALES
    if margin * on_assets > 0.0:
        return on_assets, 100.0 * on_assets / margin
    if margin != on_assets:
        remarks.append(
            "Net income margin and return on assets have different signs, and one numerator: net income is taken from "
            "the lower of the two."
        )
    return min(margin, on_assets), USUAL_SALES


def _balance(share: float | None) -> _Balance:
    if share is None:
        share = USUAL_DEBT_SHARE
    if share == 0.0:
        equity = -NEGATIVE_CAPITAL if negative(share) else USUAL_CAPITAL - 20.0
        return _Balance(USUAL_CAPITAL - 10.0, 1.0, 0.0, equity)
    most = MOST_CAPITAL * share / 100.0 if share > 0.0 else MOST_DEBT
    return _Balance(min(most, MOST_DEBT), 0.0, 100.0 / share - 1.0, 0.0)


def _sign_only(leverage: float) -> float | None:
    return -1e6 if negative(leverage) else None


def _without_debt(leverage: float | None, cover: float | None, income: float | None) -> _Operations:
    profit = None if income is None else before_tax(income)
    interest = 0.0
    if cover is not None:
        interest = 1.0
        if profit is not None and cover != 1.0 and profit / (cover - 1.0) > 0.0:
            interest = min(max(profit / (cover - 1.0), 0.01), 20.0)
        ebit = cover * interest
    else:
        ebit = USUAL_EBIT if profit is None else profit
        if leverage is not None and negative(leverage):
            ebit = min(ebit, -1.0)
    return _Operations(0.0, ebit + _depreciation(ebit, leverage), ebit, USUAL_RATE, interest)


def _depreciation(ebit: float, leverage: float | None) -> float:
    """As is usual, but that EBITDA has the sign of a leverage that is given."""
    if leverage is None:
        return USUAL_DEPRECIATION
    if negative(leverage):
        return min(USUAL_DEPRECIATION, -ebit / 2.0)
    return max(USUAL_DEPRECIATION, 1.0 - ebit)


def _indebted(balance: _Balance, leverage: float | None, cover: float | None, income: float | None) -> _Operations:
    profit = None if income is None else before_tax(income)
    rate = USUAL_RATE
    if leverage is not None and cover is not None:
        bound = 1.0 / leverage / cover if cover != 0.0 else 0.0
        if leverage < 0.0:
            rate = max(rate, bound)
        elif cover > 0.0:
            rate = min(rate, bound)
    per_debt, wanted = 0.0, None
    if cover is not None:
        per_debt, wanted = rate * (cover - 1.0), profit
    elif leverage is not None:
        per_debt, wanted = 1.0 / leverage - rate, None if profit is None else profit + USUAL_DEPRECIATION
    debt = balance.most_debt * USUAL_CAPITAL / MOST_CAPITAL
    if wanted is not None and per_debt != 0.0 and wanted / per_debt > 0.0:
        debt = min(max(wanted / per_debt, LEAST_PART * balance.most_debt), balance.most_debt)
    if cover is not None:
        ebit = cover * rate * debt
        return _Operations(debt, ebit + USUAL_DEPRECIATION if leverage is None else debt / leverage, ebit, rate)
    ebit = USUAL_EBIT if profit is None else profit + rate * debt
    if leverage is None:
        return _Operations(debt, ebit + USUAL_DEPRECIATION, ebit, rate)
    ebitda = debt / leverage
    return _Operations(debt, ebitda, min(ebit, ebitda), rate)


def _quarterly(ratios: Ratios) -> Reading:
    share, leverage = ratios.get("long_term_debt_to_total_capital"), ratios.get("total_debt_to_ebitda")
    on_capital, sga, remarks = ratios.get("return_on_capital"), ratios.get("sga_margin"), list[str]()
    capital, long = _capital(share)
    ebit = USUAL_EBIT if on_capital is None else on_capital * capital / 100.0
    short = 0.0
    if leverage == 0.0 and long > 0.0:
        remarks.append(_DEBT_BESIDE_NONE)
    if leverage is not None and negative(leverage) and ebit >= 0.0:
        if on_capital is not None:
            remarks.append(_EARNINGS_BESIDE_LOSS)
        ebit = -USUAL_EBIT
    if leverage is None or leverage == 0.0:
        ebitda = ebit + _depreciation(ebit, leverage)
    elif long > 0.0 and (on_capital is None or long / leverage >= ebit):
        ebitda = long / leverage
        ebit = ebit if on_capital is not None else min(ebit, ebitda - USUAL_DEPRECIATION)
    elif long > 0.0 and leverage < 0.0:
        remarks.append(_EARNINGS_BESIDE_LOSS)
        ebitda = long / leverage
        ebit = ebitda - USUAL_DEPRECIATION
    else:
        ebitda = ebit + _depreciation(ebit, leverage)
        short = max(leverage * ebitda - long, 0.0)
    rate = USUAL_RATE
    sga_share = USUAL_SGA if sga is None else abs(sga)
    sales = max(USUAL_SALES, 1.2 * ebitda / (1.0 - sga_share / 100.0)) if sga_share < 100.0 else USUAL_SALES
    return Reading(
        Accounts(
            assets=max(ASSETS, (capital + short) / MOST_CAPITAL * 100.0),
            sales=sales,
            long_term_debt=long,
            short_term_debt=short,
            equity=capital - long,
            ebitda=ebitda,
            depreciation=max(ebitda - ebit, 0.0),
            interest_rate=rate,
            other_interest=0.0,
            other_charges=0.0,
            sga=sga_share * sales / 100.0,
        ),
        tuple(dict.fromkeys(remarks)),
    )


_EARNINGS_BESIDE_LOSS = (
    "Return on capital takes a higher EBIT than the EBITDA of total debt / EBITDA: EBIT is EBITDA less depreciation, "
    "so EBITDA counts and return on capital is left aside."
)


def _capital(share: float | None) -> tuple[float, float]:
    """Capital and long-term debt."""
    if share is None:
        share = USUAL_DEBT_SHARE
    if negative(share):
        capital = -min(NEGATIVE_CAPITAL, 100.0 * MOST_DEBT / -share) if share else -NEGATIVE_CAPITAL
    else:
        capital = min(USUAL_CAPITAL, 100.0 * MOST_DEBT / share) if share else USUAL_CAPITAL
    return capital, capital * share / 100.0
