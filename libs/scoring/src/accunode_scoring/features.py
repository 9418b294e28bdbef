"""Model features: functions of one kind's inputs in which a higher value never means a higher probability of default.

Ratios with debt or capital in the denominator are inverted (EBITDA / debt, capital / debt), so that negative EBITDA and
negative capital come out below zero, where they belong, and no debt comes out at the top. The sign of zero counts, as
IEEE 754 has it: a multiple of -0 is no debt with negative EBITDA.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from accunode_scoring.kinds import Kind

Vector = NDArray[np.float64]

LIMIT = 1e9
"""Features are cut at this magnitude; it stands for a quotient with nothing in the denominator."""


@dataclass(frozen=True, slots=True)
class Feature:
    """One feature: the input columns it is computed from, and whether risk falls (-1), rises (1) or neither (0) with it."""

    name: str
    label: str
    parents: tuple[str, ...]
    monotone: int = -1


@dataclass(frozen=True, slots=True)
class FeatureSet:
    """The features of one kind, computed for a matrix of inputs or for one row, with the same floating-point steps."""

    name: str
    kind: Kind
    columns: tuple[str, ...]
    features: tuple[Feature, ...]
    of_matrix: Callable[[Sequence[Vector]], list[Vector]]
    of_row: Callable[[Sequence[float]], list[float]]


def _divide(numerator: float, denominator: float) -> float:
    if denominator != 0.0:
        return numerator / denominator
    return math.copysign(math.inf, numerator * math.copysign(1.0, denominator)) if numerator else math.nan


def _cut(value: float) -> float:
    return min(max(value, -LIMIT), LIMIT) if value == value else math.nan


ANNUAL = FeatureSet(
    name="annual-1",
    kind=Kind.ANNUAL,
    columns=(
        "long_term_debt_to_total_capital",
        "total_debt_to_ebitda",
        "net_income_margin",
        "ebit_to_interest_expense",
        "return_on_assets",
    ),
    features=(
        Feature("capital_to_debt", "capital / long-term debt", ("long_term_debt_to_total_capital",)),
        Feature("ebitda_to_debt", "EBITDA / debt", ("total_debt_to_ebitda",)),
        Feature("net_income_margin", "net income margin", ("net_income_margin",)),
        Feature("interest_cover", "EBIT / interest", ("ebit_to_interest_expense",)),
        Feature("return_on_assets", "return on assets", ("return_on_assets",)),
        Feature("ebitda_to_capital", "EBITDA / capital", ("long_term_debt_to_total_capital", "total_debt_to_ebitda")),
        Feature("asset_turnover", "sales / assets", ("net_income_margin", "return_on_assets"), 0),
    ),
    of_matrix=lambda x: _annual_matrix(*x),
    of_row=lambda x: _annual_row(*x),
)


def _annual_matrix(capital: Vector, leverage: Vector, margin: Vector, cover: Vector, assets: Vector) -> list[Vector]:
    with np.errstate(divide="ignore", invalid="ignore"):
        features = [
            100.0 / capital,
            1.0 / leverage,
            margin,
            np.maximum(cover, -1.0),
            assets,
            np.where((capital > 0.0) & (leverage != 0.0), capital / leverage, np.nan),
            np.where(margin != 0.0, assets / margin, np.nan),
        ]
    return [np.clip(feature, -LIMIT, LIMIT) for feature in features]


def _annual_row(capital: float, leverage: float, margin: float, cover: float, assets: float) -> list[float]:
    return [
        _cut(_divide(100.0, capital)),
        _cut(_divide(1.0, leverage)),
        margin,
        cover if not cover < -1.0 else -1.0,
        assets,
        _cut(capital / leverage) if capital > 0.0 and leverage != 0.0 else math.nan,
        _cut(assets / margin) if margin != 0.0 else math.nan,
    ]


QUARTERLY = FeatureSet(
    name="quarterly-1",
    kind=Kind.QUARTERLY,
    columns=("total_debt_to_ebitda", "sga_margin", "long_term_debt_to_total_capital", "return_on_capital"),
    features=(
        Feature("capital_to_debt", "capital / long-term debt", ("long_term_debt_to_total_capital",)),
        Feature("ebitda_to_debt", "EBITDA / debt", ("total_debt_to_ebitda",)),
        Feature("sga_margin", "SG&A margin", ("sga_margin",), 0),
        Feature("return_on_capital", "return on positive capital", ("return_on_capital",)),
        Feature("ebit_sign", "sign of EBIT", ("return_on_capital", "long_term_debt_to_total_capital")),
        Feature("ebitda_to_capital", "EBITDA / capital", ("long_term_debt_to_total_capital", "total_debt_to_ebitda")),
        Feature("ebit_to_debt", "EBIT / debt", ("return_on_capital", "long_term_debt_to_total_capital")),
    ),
    of_matrix=lambda x: _quarterly_matrix(*x),
    of_row=lambda x: _quarterly_row(*x),
)


def _quarterly_matrix(leverage: Vector, sga: Vector, capital: Vector, returns: Vector) -> list[Vector]:
    with np.errstate(divide="ignore", invalid="ignore"):
        sign = np.where(np.signbit(capital), -1.0, 1.0)
        known = ~np.isnan(capital)
        features = [
            100.0 / capital,
            1.0 / leverage,
            sga,
            np.where(known & (sign > 0.0), returns, np.nan),
            np.where(known, np.sign(returns) * sign, np.nan),
            np.where((capital > 0.0) & (leverage != 0.0), capital / leverage, np.nan),
            np.where(capital != 0.0, returns / capital, np.nan),
        ]
    return [np.clip(feature, -LIMIT, LIMIT) for feature in features]


def _quarterly_row(leverage: float, sga: float, capital: float, returns: float) -> list[float]:
    sign = math.copysign(1.0, capital) if not math.isnan(capital) else math.nan
    return [
        _cut(_divide(100.0, capital)),
        _cut(_divide(1.0, leverage)),
        sga,
        returns if sign > 0.0 else math.nan,
        ((returns > 0.0) - (returns < 0.0)) * sign if not math.isnan(returns) else math.nan,
        _cut(capital / leverage) if capital > 0.0 and leverage != 0.0 else math.nan,
        _cut(returns / capital) if capital != 0.0 else math.nan,
    ]


FEATURE_SETS: Mapping[str, FeatureSet] = MappingProxyType({s.name: s for s in (ANNUAL, QUARTERLY)})
