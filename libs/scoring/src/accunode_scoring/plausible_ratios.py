"""Conditions under which annual or quarterly ratios look wrong, each with its code, column and sentence.

Conditions take the kind's ratios, as floats or as arrays.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

Check = tuple[str, str, str, Callable[[Any], Any]]


class AnnualRatios(NamedTuple):
    """The annual ratios in their order; capital is long-term debt / total capital, leverage total debt / EBITDA."""

    capital: Any
    leverage: Any
    margin: Any
    cover: Any
    returns: Any


class QuarterlyRatios(NamedTuple):
    """The quarterly ratios in their order, named alike."""

    leverage: Any
    sga: Any
    capital: Any
    returns: Any


MOST_TURNOVER, LEAST_TURNOVER = 20.0, 0.001
"""Sales / assets, as return on assets / net margin implies it, of all but some 0.3 % of filers."""

ANNUAL_CHECKS: tuple[Check, ...] = (
    (
        "margin_contradicts_return",
        "return_on_assets",
        "Net income margin and return on assets have opposite signs, though both are net income over a positive amount",
        lambda n: ((n.margin > 0.0) & (n.returns < 0.0)) | ((n.margin < 0.0) & (n.returns > 0.0)),
    ),
    (
        "cover_contradicts_ebitda",
        "ebit_to_interest_expense",
        "EBIT / interest expense is positive though EBITDA is negative: EBIT is EBITDA less depreciation",
        lambda n: (n.leverage < 0.0) & (n.cover > 0.0),
    ),
    (
        "profit_despite_negative_ebitda",
        "net_income_margin",
        "Net income is positive though EBITDA is negative, which takes a gain outside operations",
        lambda n: (n.leverage < 0.0) & (n.margin > 0.0),
    ),
    (
        "debt_contradicts_capital",
        "total_debt_to_ebitda",
        "Total debt / EBITDA is zero though there is long-term debt",
        lambda n: (n.leverage == 0.0) & (abs(n.capital) > 0.0),
    ),
    (
        "net_income_exceeds_sales",
        "net_income_margin",
        "Net income margin is above 100 %: net income exceeds net sales",
        lambda n: n.margin > 100.0,
    ),
    (
        "net_income_exceeds_assets",
        "return_on_assets",
        "Return on assets is above 100 %: a year's net income exceeds total assets",
        lambda n: n.returns > 100.0,
    ),
    (
        "implied_turnover_unusual",
        "return_on_assets",
        "Return on assets / net income margin implies sales of less than 0.001 or more than 20 times total assets",
        lambda n: (abs(n.returns) > MOST_TURNOVER * abs(n.margin)) | (abs(n.returns) < LEAST_TURNOVER * abs(n.margin)),
    ),
)

QUARTERLY_CHECKS: tuple[Check, ...] = (
    (
        "return_contradicts_ebitda",
        "return_on_capital",
        "Return on capital takes a positive EBIT though EBITDA is negative: EBIT is EBITDA less depreciation",
        lambda n: (
            (n.leverage < 0.0) & (((n.capital > 0.0) & (n.returns > 0.0)) | ((n.capital < 0.0) & (n.returns < 0.0)))
        ),
    ),
    (
        "debt_contradicts_capital",
        "total_debt_to_ebitda",
        "Total debt / EBITDA is zero though there is long-term debt",
        lambda n: (n.leverage == 0.0) & (abs(n.capital) > 0.0),
    ),
    (
        "sga_contradicts_ebitda",
        "sga_margin",
        "SG&A margin is above 100 %, more than sales, though EBITDA is positive",
        lambda n: (n.leverage > 0.0) & (abs(n.sga) > 100.0),
    ),
)
