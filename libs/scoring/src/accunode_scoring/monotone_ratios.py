"""The features of annual and quarterly models from version 2.0.0 on: each is one ratio, and has a direction.

Debt / EBITDA is read as EBITDA / debt, from no debt over little EBITDA to a loss that is large against the debt.
Long-term debt / capital is read as capital / debt, which puts negative capital behind any positive one. A return on
capital means nothing unless capital is known to be positive, and is then the lowest. A company without debt pays no
interest: where its cover is not given, EBITDA says whether it is without limit or negative. SG&A has a direction from
`COSTLY` on: below it trades differ more than companies do.

As each feature has one ratio, and the models keep its direction, no score improves by bad news; there is nothing to
repair afterwards.
"""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from accunode_scoring.features import LIMIT, Feature, FeatureSet, divide, divides
from accunode_scoring.kinds import Kind
from accunode_scoring.least import LEAST
from accunode_scoring.ratios import RATIOS

Vector = NDArray[np.float64]

LOWEST_COVER = -1.0
"""EBIT / interest below it is as bad: how negative it is says more of the interest than of EBIT."""

COSTLY = 40.0
"""From this SG&A margin on, in percent, a higher one is never better; three quarters of companies have a lower one."""

_CAPITAL, _LEVERAGE = "long_term_debt_to_total_capital", "total_debt_to_ebitda"


def _inverse(values: Vector, numerator: float) -> Vector:
    """`numerator` / values; of zero the limit, with the sign that zero has."""
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        return divides(np.full_like(values, numerator), values)


def _annual_settled(x: Sequence[Vector]) -> list[Vector]:
    capital, leverage, margin, cover, assets = x
    needless = np.isnan(cover) & (leverage == 0.0)
    return [capital, leverage, margin, np.where(needless, np.copysign(LIMIT, leverage), cover), assets]


def _annual_settled_row(x: Sequence[float]) -> tuple[float, ...]:
    capital, leverage, margin, cover, assets = x
    if math.isnan(cover) and leverage == 0.0:
        cover = math.copysign(LIMIT, leverage)
    return (capital, leverage, margin, cover, assets)


def _annual_matrix(x: Sequence[Vector]) -> list[Vector]:
    capital, leverage, margin, cover, assets = x
    return [_inverse(capital, 100.0), _inverse(leverage, 1.0), margin, np.maximum(cover, LOWEST_COVER), assets]


def _annual_row(x: Sequence[float]) -> list[float]:
    capital, leverage, margin, cover, assets = x
    lowest = LOWEST_COVER if cover < LOWEST_COVER else cover
    return [divide(100.0, capital), divide(1.0, leverage), margin, lowest, assets]


def _quarterly_settled(x: Sequence[Vector]) -> list[Vector]:
    leverage, sga, capital, returns = x
    unknown = np.isnan(capital)
    meaningless = (~unknown & np.signbit(capital)) | (unknown & ~np.isnan(returns))
    return [leverage, sga, capital, np.where(meaningless, -LIMIT, returns)]


def _quarterly_settled_row(x: Sequence[float]) -> tuple[float, ...]:
    leverage, sga, capital, returns = x
    unknown = math.isnan(capital)
    meaningless = not math.isnan(returns) if unknown else math.copysign(1.0, capital) < 0.0
    return (leverage, sga, capital, -LIMIT if meaningless else returns)


def _quarterly_matrix(x: Sequence[Vector]) -> list[Vector]:
    leverage, sga, capital, returns = x
    costs = np.abs(sga)
    return [
        _inverse(leverage, 1.0),
        np.maximum(costs, COSTLY),
        np.minimum(costs, COSTLY),
        _inverse(capital, 100.0),
        returns,
    ]


def _quarterly_row(x: Sequence[float]) -> list[float]:
    leverage, sga, capital, returns = x
    costs = abs(sga)
    return [
        divide(1.0, leverage),
        COSTLY if costs < COSTLY else costs,
        COSTLY if costs > COSTLY else costs,
        divide(100.0, capital),
        returns,
    ]


ANNUAL_2 = FeatureSet(
    name="annual-2",
    kind=Kind.ANNUAL,
    columns=(_CAPITAL, _LEVERAGE, "net_income_margin", "ebit_to_interest_expense", "return_on_assets"),
    features=(
        Feature("capital_to_debt", "capital / long-term debt", (_CAPITAL,)),
        Feature("ebitda_to_debt", "EBITDA / debt", (_LEVERAGE,)),
        Feature("net_income_margin", "net income margin", ("net_income_margin",)),
        Feature("interest_cover", "EBIT / interest", ("ebit_to_interest_expense",)),
        Feature("return_on_assets", "return on assets", ("return_on_assets",)),
    ),
    of_matrix=_annual_matrix,
    of_row=_annual_row,
    explained=RATIOS[Kind.ANNUAL],
    settled=_annual_settled,
    settled_row=_annual_settled_row,
    least=LEAST[Kind.ANNUAL],
)

QUARTERLY_2 = FeatureSet(
    name="quarterly-2",
    kind=Kind.QUARTERLY,
    columns=(_LEVERAGE, "sga_margin", _CAPITAL, "return_on_capital"),
    features=(
        Feature("ebitda_to_debt", "EBITDA / debt", (_LEVERAGE,)),
        Feature("sga_margin_above", f"SG&A margin above {COSTLY:g} %", ("sga_margin",), 1),
        Feature("sga_margin_below", f"SG&A margin below {COSTLY:g} %", ("sga_margin",), 0),
        Feature("capital_to_debt", "capital / long-term debt", (_CAPITAL,)),
        Feature("return_on_capital", "return on positive capital", ("return_on_capital",)),
    ),
    of_matrix=_quarterly_matrix,
    of_row=_quarterly_row,
    explained=RATIOS[Kind.QUARTERLY],
    settled=_quarterly_settled,
    settled_row=_quarterly_settled_row,
    least=LEAST[Kind.QUARTERLY],
)
