"""What else moves when some ratios of a company are given new values.

A new value changes one account: margin and return change net income, cover and return on capital EBIT, SG&A its costs,
long-term debt / total capital swaps debt for equity. Total debt / EBITDA alone changes debt against cash where EBITDA
is and stays positive, else EBITDA. Operating earnings take what net income takes, before tax, and the reverse;
depreciation, the interest rate and other charges stay, unless the new values leave no other way. The balance sheet does
not take up what is earned more: it is as if it were paid out.
"""

from collections.abc import Mapping
from dataclasses import replace

from accunode_scoring.accounts.normalised import Accounts, after_tax, before_tax
from accunode_scoring.accounts.reading import NEGATIVE_CAPITAL, Reading, negative

SHARE, LEVERAGE, COVER = "long_term_debt_to_total_capital", "total_debt_to_ebitda", "ebit_to_interest_expense"
MARGIN, ON_ASSETS, ON_CAPITAL, SGA = "net_income_margin", "return_on_assets", "return_on_capital", "sga_margin"
DETERMINE = frozenset({SHARE, COVER, MARGIN, ON_ASSETS, ON_CAPITAL})
"""With one of these, a new total debt / EBITDA is met by EBITDA."""

FIRST_DEBT = 10.0
"""Per 100 of assets, taken up where there was none and new values say that there is."""

LEAST_ASSETS = 0.1
"""What repaid debt leaves of total assets; the rest of it other liabilities take over."""

Typed = Mapping[str, float]


def retyped(accounts: Accounts, typed: Typed) -> Reading:
    """The accounts with new values of some ratios, those of one company as floats; remarks where they contradict."""
    remarks: list[str] = []
    moved = _with_share(accounts, typed[SHARE]) if SHARE in typed else accounts
    if typed.get(LEVERAGE) == 0.0 and not typed.get(SHARE):
        moved = _with_debt(moved, 0.0)
    if typed.get(LEVERAGE) and moved.debt == 0.0 and not DETERMINE.isdisjoint(typed):
        moved = _with_debt(moved, min(abs(typed[LEVERAGE]), FIRST_DEBT), 0.0 if SHARE in typed else 1.0)
    if SGA in typed:
        sga = abs(typed[SGA]) * moved.sales / 100.0
        moved = replace(moved, sga=sga, ebitda=moved.ebitda + moved.sga - sga)
    income = _income(moved, typed, remarks)
    if income is not None and MARGIN in typed and ON_ASSETS in typed and typed[MARGIN] * income > 0.0:
        moved = replace(moved, sales=100.0 * income / typed[MARGIN])
    ebit = _ebit(moved, typed, income, remarks)
    if ebit is not None:
        moved = replace(moved, ebitda=ebit + moved.depreciation)
    if LEVERAGE in typed:
        moved = _with_leverage(moved, typed, remarks, fixed=ebit is not None)
    if income is not None:
        moved = replace(moved, other_charges=float(after_tax(moved.ebit - moved.interest)) - income)
    return Reading(moved, tuple(dict.fromkeys(remarks)))


def _income(accounts: Accounts, typed: Typed, remarks: list[str]) -> float | None:
    if ON_ASSETS not in typed:
        return typed[MARGIN] * accounts.sales / 100.0 if MARGIN in typed else None
    if MARGIN in typed and typed[MARGIN] != typed[ON_ASSETS] and typed[MARGIN] * typed[ON_ASSETS] <= 0.0:
        remarks.append("Net income margin and return on assets have different signs, and one numerator.")
    return float(typed[ON_ASSETS] * accounts.assets / 100.0)


def _ebit(accounts: Accounts, typed: Typed, income: float | None, remarks: list[str]) -> float | None:
    if ON_CAPITAL in typed:
        return float(typed[ON_CAPITAL] * accounts.capital / 100.0)
    if COVER in typed and accounts.interest > 0.0:
        return float(typed[COVER] * accounts.interest)
    if COVER in typed:
        remarks.append("EBIT / interest expense is given though there is no debt that bears interest.")
    if income is None:
        return None
    return float(accounts.interest + before_tax(income + accounts.other_charges))


def _with_leverage(accounts: Accounts, typed: Typed, remarks: list[str], *, fixed: bool) -> Accounts:
    leverage = typed[LEVERAGE]
    if leverage == 0.0:
        if typed.get(SHARE):
            remarks.append("Total debt / EBITDA of zero means no debt, but long-term debt / total capital says debt.")
        if negative(leverage) == (accounts.ebitda < 0.0):
            return accounts
        return _with_ebitda(accounts, -1.0 if negative(leverage) else 1.0, remarks, fixed=fixed)
    if leverage > 0.0 and accounts.ebitda > 0.0 and DETERMINE.isdisjoint(typed):
        return _with_debt(accounts, leverage * accounts.ebitda)
    if accounts.debt == 0.0:
        accounts = _with_debt(accounts, min(abs(leverage), FIRST_DEBT))
    ebitda = accounts.debt / leverage
    if fixed and ebitda < accounts.ebit and accounts.ebitda > 0.0 and leverage > 0.0 and COVER not in typed:
        short = leverage * accounts.ebitda - accounts.long_term_debt
        return replace(accounts, short_term_debt=short)
    return _with_ebitda(accounts, ebitda, remarks, fixed=fixed)


def _with_ebitda(accounts: Accounts, ebitda: float, remarks: list[str], *, fixed: bool) -> Accounts:
    """EBITDA, with EBIT moving along unless it is fixed; then depreciation is what lies between."""
    if not fixed:
        return replace(accounts, ebitda=ebitda)
    if ebitda >= accounts.ebit:
        return replace(accounts, ebitda=ebitda, depreciation=ebitda - accounts.ebit)
    remarks.append("The new values take an EBIT above EBITDA, but EBIT is EBITDA less depreciation.")
    return accounts


def _with_debt(accounts: Accounts, debt: float, part_without: float = 1.0) -> Accounts:
    """Debt taken up or repaid in cash; without any before, `part_without` of it is long-term."""
    part = accounts.long_term_debt / accounts.debt if accounts.debt > 0.0 else part_without
    return replace(
        accounts,
        long_term_debt=debt * part,
        short_term_debt=debt * (1.0 - part),
        assets=max(accounts.assets + debt - accounts.debt, LEAST_ASSETS * accounts.assets),
    )


def _with_share(accounts: Accounts, share: float) -> Accounts:
    """Debt in exchange for equity; where that cannot be, equity lost or added beside other liabilities."""
    if accounts.capital != 0.0 and (accounts.capital < 0.0) == negative(share):
        long = accounts.capital * share / 100.0
        return replace(accounts, long_term_debt=long, equity=accounts.capital - long)
    if share == 0.0:
        equity = -NEGATIVE_CAPITAL if negative(share) else NEGATIVE_CAPITAL
        return replace(accounts, long_term_debt=0.0, equity=equity)
    long = accounts.long_term_debt or 1.0
    equity = long * (100.0 / share - 1.0)
    return replace(
        accounts,
        long_term_debt=long,
        equity=equity,
        assets=max(accounts.assets, equity + long + accounts.short_term_debt),
    )
