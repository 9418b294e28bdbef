"""Model features: functions of one kind's inputs, almost all such that a higher value never means a higher risk.

The sign of EBITDA and of capital are features of their own, in which risk never rises, beside magnitudes that a change
of sign leaves alone; features that mix both fall to their lowest value when capital is negative, and a return on
capital counts as positive only where capital is known to be. So no input improves a score by its sign. The sign of zero
counts, as IEEE 754 has it: a multiple of -0 is no debt with negative EBITDA.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from accunode_scoring.checks import SENTINEL
from accunode_scoring.kinds import Kind
from accunode_scoring.least import ANYTHING, Least
from accunode_scoring.ratios import RATIOS, Ratio

Vector = NDArray[np.float64]

LIMIT = 1e9
"""Features are cut at this magnitude; it stands for a quotient with nothing in the denominator."""


@dataclass(frozen=True, slots=True)
class Feature:
    """One feature: the columns it is computed from; risk falls (-1), rises (1) or does neither (0) as it grows."""

    name: str
    label: str
    parents: tuple[str, ...]
    monotone: int = -1


def _as_given(x: Sequence[Any]) -> Any:
    return x


@dataclass(frozen=True, slots=True)
class FeatureSet:
    """The features of one kind, computed for a matrix of inputs or for one row with the same floating-point steps.

    `of_matrix` takes one array of shape (n,) per column and gives one per feature; `of_row` takes and gives floats.
    `explained` is what reasons and contributions speak of: the columns, or the features when `explains_features`.
    A row without a `required` column is refused, or with one of `positive` that is not above zero. `magnitudes` are
    columns that cannot be negative and are read without their sign. `settled` fills in what other columns say of a
    missing one; with less than `least` no score is given.
    """

    name: str
    kind: Kind
    columns: tuple[str, ...]
    features: tuple[Feature, ...]
    of_matrix: Callable[[Sequence[Vector]], list[Vector]]
    of_row: Callable[[Sequence[float]], list[float]]
    explained: tuple[Ratio, ...]
    explains_features: bool = False
    sentinel: float = SENTINEL
    required: tuple[str, ...] = ()
    positive: tuple[str, ...] = ()
    magnitudes: tuple[str, ...] = ()
    settled: Callable[[Sequence[Vector]], Sequence[Vector]] = _as_given
    settled_row: Callable[[Sequence[float]], Sequence[float]] = _as_given
    least: Least = ANYTHING

    def shares(self) -> tuple[tuple[tuple[int, float], ...], ...]:
        """Per feature, which of the explained take its contribution, in equal parts."""
        if self.explains_features:
            return tuple(((place, 1.0),) for place in range(len(self.features)))
        names = [ratio.name for ratio in self.explained]
        return tuple(
            tuple((names.index(parent), 1.0 / len(feature.parents)) for parent in feature.parents)
            for feature in self.features
        )


def divide(numerator: float, denominator: float) -> float:
    """IEEE division, cut to the limit."""
    if denominator != 0.0:
        quotient = numerator / denominator
    elif numerator != 0.0 and not math.isnan(numerator):
        quotient = math.copysign(math.inf, numerator) * math.copysign(1.0, denominator)
    else:
        return math.nan
    if quotient > LIMIT:
        return LIMIT
    return -LIMIT if quotient < -LIMIT else quotient


def _sign(value: float) -> float:
    return math.nan if math.isnan(value) else math.copysign(1.0, value)


def _signs(values: Vector) -> Vector:
    """Sign of each value, that of zero included; NaN where missing."""
    signs = np.copysign(1.0, values)
    signs[np.isnan(values)] = np.nan
    return signs


def divides(numerator: Vector, denominator: Vector) -> Vector:
    """IEEE division of arrays, cut to the limit; call it under `np.errstate`."""
    quotient = numerator / denominator
    np.clip(quotient, -LIMIT, LIMIT, out=quotient)
    return quotient


def _ebitda_to_capital(capital: float, leverage: float) -> float:
    if capital < 0.0:
        return -LIMIT
    return divide(capital, leverage) if capital > 0.0 and leverage != 0.0 else math.nan


def _ebitda_to_capitals(capital: Vector, leverage: Vector) -> Vector:
    quotient = divides(capital, leverage)
    quotient[(capital == 0.0) | (leverage == 0.0) | np.isnan(capital)] = np.nan
    quotient[capital < 0.0] = -LIMIT
    return quotient


def _annual_matrix(x: Sequence[Vector]) -> list[Vector]:
    capital, leverage, margin, cover, assets = x
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        turnover = np.abs(divides(assets, margin))
        turnover[margin == 0.0] = np.nan
        return [
            divides(np.full_like(capital, 100.0), capital),
            _signs(leverage),
            np.abs(leverage),
            margin,
            np.maximum(cover, -1.0),
            assets,
            _ebitda_to_capitals(capital, leverage),
            turnover,
        ]


def _annual_row(x: Sequence[float]) -> list[float]:
    capital, leverage, margin, cover, assets = x
    return [
        divide(100.0, capital),
        _sign(leverage),
        abs(leverage),
        margin,
        -1.0 if cover < -1.0 else cover,
        assets,
        _ebitda_to_capital(capital, leverage),
        abs(divide(assets, margin)) if margin != 0.0 else math.nan,
    ]


def _quarterly_matrix(x: Sequence[Vector]) -> list[Vector]:
    leverage, sga, capital, returns = x
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        absent = np.isnan(capital)
        negative = np.signbit(capital) & ~absent
        positive_return = returns.copy()
        ebit_sign = np.sign(returns)
        ebit_to_debt = divides(returns, capital)
        for feature, worst in ((positive_return, -LIMIT), (ebit_sign, -1.0), (ebit_to_debt, -LIMIT)):
            feature[negative] = worst
        for feature in (positive_return, ebit_sign):
            feature[absent & (returns > 0.0)] = np.nan
        return [
            divides(np.full_like(capital, 100.0), capital),
            _signs(leverage),
            np.abs(leverage),
            np.abs(sga),
            positive_return,
            ebit_sign,
            _ebitda_to_capitals(capital, leverage),
            ebit_to_debt,
        ]


def _quarterly_row(x: Sequence[float]) -> list[float]:
    leverage, sga, capital, returns = x
    negative = _sign(capital) < 0.0
    on_capital = math.nan if math.isnan(capital) and returns > 0.0 else returns
    ebit_sign = math.nan if math.isnan(on_capital) else float(on_capital > 0.0) - float(on_capital < 0.0)
    return [
        divide(100.0, capital),
        _sign(leverage),
        abs(leverage),
        abs(sga),
        -LIMIT if negative else on_capital,
        -1.0 if negative else ebit_sign,
        _ebitda_to_capital(capital, leverage),
        -LIMIT if negative else divide(returns, capital),
    ]


_CAPITAL, _LEVERAGE = "long_term_debt_to_total_capital", "total_debt_to_ebitda"

ANNUAL = FeatureSet(
    name="annual-1",
    kind=Kind.ANNUAL,
    columns=(_CAPITAL, _LEVERAGE, "net_income_margin", "ebit_to_interest_expense", "return_on_assets"),
    features=(
        Feature("capital_to_debt", "capital / long-term debt", (_CAPITAL,)),
        Feature("ebitda_sign", "sign of EBITDA", (_LEVERAGE,)),
        Feature("debt_to_ebitda", "debt / EBITDA, without its sign", (_LEVERAGE,), 0),
        Feature("net_income_margin", "net income margin", ("net_income_margin",)),
        Feature("interest_cover", "EBIT / interest", ("ebit_to_interest_expense",)),
        Feature("return_on_assets", "return on assets", ("return_on_assets",)),
        Feature("ebitda_to_capital", "EBITDA / capital", (_CAPITAL, _LEVERAGE)),
        Feature("asset_turnover", "sales / assets", ("net_income_margin", "return_on_assets"), 0),
    ),
    of_matrix=_annual_matrix,
    of_row=_annual_row,
    explained=RATIOS[Kind.ANNUAL],
)

QUARTERLY = FeatureSet(
    name="quarterly-1",
    kind=Kind.QUARTERLY,
    columns=(_LEVERAGE, "sga_margin", _CAPITAL, "return_on_capital"),
    features=(
        Feature("capital_to_debt", "capital / long-term debt", (_CAPITAL,)),
        Feature("ebitda_sign", "sign of EBITDA", (_LEVERAGE,)),
        Feature("debt_to_ebitda", "debt / EBITDA, without its sign", (_LEVERAGE,), 0),
        Feature("sga_margin", "SG&A margin", ("sga_margin",), 0),
        Feature("return_on_capital", "return on positive capital", ("return_on_capital", _CAPITAL)),
        Feature("ebit_sign", "sign of EBIT on positive capital", ("return_on_capital", _CAPITAL)),
        Feature("ebitda_to_capital", "EBITDA / capital", (_CAPITAL, _LEVERAGE)),
        Feature("ebit_to_debt", "EBIT / debt on positive capital", ("return_on_capital", _CAPITAL)),
    ),
    of_matrix=_quarterly_matrix,
    of_row=_quarterly_row,
    explained=RATIOS[Kind.QUARTERLY],
)
