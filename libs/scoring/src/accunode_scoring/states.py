"""States of an input that are no points on its scale: missing, without debt, negative EBITDA, capital or EBIT."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import copysign, isnan
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from accunode_scoring.features import LIMIT

Vector = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class State:
    """A state, its words in a reason, and whether it is flagged as degenerate."""

    name: str
    words: str
    degenerate: bool = False


NORMAL = State("value", "")
MISSING = State("missing", "is not given")


@dataclass(frozen=True, slots=True)
class StateRule:
    """The states of one column. `of_row` and `of_matrix` give indices into `states`."""

    states: tuple[State, ...]
    of_row: Callable[[float], int]
    of_matrix: Callable[[Vector], NDArray[np.uint8]]


def _plain_row(value: float) -> int:
    return 1 if isnan(value) else 0


def _plain_matrix(values: Vector) -> NDArray[np.uint8]:
    return np.isnan(values).view(np.uint8)


PLAIN = StateRule((NORMAL, MISSING), _plain_row, _plain_matrix)


def _leverage_row(value: float) -> int:
    if isnan(value):
        return 1
    if copysign(1.0, value) < 0:
        return 3
    return 2 if value == 0 else 0


def _leverage_matrix(values: Vector) -> NDArray[np.uint8]:
    state = np.isnan(values).view(np.uint8).copy()
    state[values == 0] = 2
    state[np.signbit(values) & ~np.isnan(values)] = 3
    return state


LEVERAGE = StateRule(
    (
        NORMAL,
        MISSING,
        State("no_debt", "of zero means no debt"),
        State("negative_ebitda", "is negative because EBITDA is negative", degenerate=True),
    ),
    _leverage_row,
    _leverage_matrix,
)


def _capital_row(value: float) -> int:
    if not isnan(value) and value > 100.0:
        return 4
    return _leverage_row(value)


def _capital_matrix(values: Vector) -> NDArray[np.uint8]:
    state = _leverage_matrix(values)
    state[values > 100.0] = 4
    return state


CAPITAL = StateRule(
    (
        NORMAL,
        MISSING,
        State("no_debt", "of zero means no long-term debt"),
        State("negative_capital", "is negative because debt and equity together are negative", degenerate=True),
        State("negative_equity", "above 100 % means that equity is negative", degenerate=True),
    ),
    _capital_row,
    _capital_matrix,
)


def _negative_row(value: float) -> int:
    if isnan(value):
        return 1
    return 2 if value < 0 else 0


def _negative_matrix(values: Vector) -> NDArray[np.uint8]:
    state = np.isnan(values).view(np.uint8).copy()
    state[values < 0] = 2
    return state


COVER = StateRule(
    (
        NORMAL,
        State("missing", "is not given, as for a company without interest expense"),
        State("negative_ebit", "is negative because EBIT is negative", degenerate=True),
    ),
    _negative_row,
    _negative_matrix,
)


def _share_row(value: float) -> int:
    if isnan(value):
        return 1
    return 2 if value > 100.0 else 0


def _share_matrix(values: Vector) -> NDArray[np.uint8]:
    state = np.isnan(values).view(np.uint8).copy()
    state[values > 100.0] = 2
    return state


LIABILITIES = StateRule(
    (
        NORMAL,
        MISSING,
        State("negative_equity", "above 100 % means that equity is negative", degenerate=True),
    ),
    _share_row,
    _share_matrix,
)

SGA = StateRule(
    (NORMAL, MISSING, State("negative", "is negative, which costs cannot be; its magnitude counts", degenerate=True)),
    _negative_row,
    _negative_matrix,
)
EBITDA = StateRule(
    (NORMAL, MISSING, State("negative_ebitda", "is negative because EBITDA is negative", degenerate=True)),
    _negative_row,
    _negative_matrix,
)


def _debt_row(value: float) -> int:
    if isnan(value):
        return 1
    if value < 0:
        return 3
    return 2 if value >= LIMIT else 0


def _debt_matrix(values: Vector) -> NDArray[np.uint8]:
    state = np.isnan(values).view(np.uint8).copy()
    state[values >= LIMIT] = 2
    state[values < 0] = 3
    return state


CAPITAL_TO_DEBT = StateRule(
    (
        NORMAL,
        MISSING,
        State("no_debt", "has no limit, as there is no long-term debt"),
        State("negative_capital", "is negative because debt and equity together are negative", degenerate=True),
    ),
    _debt_row,
    _debt_matrix,
)

CASH = StateRule((NORMAL, State("missing", "does not apply, since EBITDA is not negative")), _plain_row, _plain_matrix)

STATE_RULES: Mapping[str, StateRule] = MappingProxyType(
    {
        "total_debt_to_ebitda": LEVERAGE,
        "long_term_debt_to_total_capital": CAPITAL,
        "ebit_to_interest_expense": COVER,
        "liabilities_to_assets": LIABILITIES,
        "cash_to_ebitda_loss": CASH,
        "sga_margin": SGA,
        "ebitda_to_liabilities": EBITDA,
        "capital_to_debt": CAPITAL_TO_DEBT,
    }
)


def state_rule(column: str) -> StateRule:
    """The states of a column; most have only a value or none."""
    return STATE_RULES.get(column, PLAIN)
