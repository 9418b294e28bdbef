"""The lines of a statement and what follows from them, for floats and for arrays alike."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from accunode_scoring.amounts import AMOUNTS, NON_NEGATIVE
from accunode_scoring.features import divide, divides


@dataclass(frozen=True, slots=True)
class Arithmetic:
    """Division cut to the features' limit, and choice, for floats or for arrays."""

    divide: Callable[[Any, Any], Any]
    choose: Callable[[Any, Any, Any], Any]


FLOATS = Arithmetic(divide, lambda condition, then, otherwise: then if condition else otherwise)
ARRAYS = Arithmetic(divides, np.where)


@dataclass(frozen=True, slots=True)
class Lines:
    """Amounts in million.

    Cash is current assets less inventory and receivables; `charges` are all that lies between EBIT and net income:
    interest, taxes, one-off items. Long-term debt stands for debt. Missing amounts, and total assets or market values
    that are not above zero, are NaN.
    """

    assets: Any
    liabilities: Any
    debt: Any
    current_assets: Any
    current_liabilities: Any
    sales: Any
    goods: Any
    costs: Any
    depreciation: Any
    income: Any
    inventory: Any
    receivables: Any
    retained: Any
    market: Any
    equity: Any
    ebitda: Any
    ebit: Any
    cash: Any
    charges: Any


def lines(x: Sequence[Any], do: Arithmetic) -> Lines:
    """Lines from amounts in the order of `AMOUNTS`, those that cannot be negative by their magnitude."""
    amounts = {field: abs(value) if field in _MAGNITUDES else value for field, value in zip(_FIELDS, x, strict=True)}
    for name in ("assets", "market"):
        amounts[name] = do.choose(amounts[name] > 0.0, amounts[name], amounts[name] * np.nan)
    ebitda = amounts["sales"] - amounts["costs"]
    ebit = ebitda - amounts["depreciation"]
    amounts |= {
        "equity": amounts["assets"] - amounts["liabilities"],
        "ebitda": ebitda,
        "ebit": ebit,
        "cash": amounts["current_assets"] - amounts["inventory"] - amounts["receivables"],
        "charges": ebit - amounts["income"],
    }
    return Lines(**amounts)


_FIELDS = [field.name for field in fields(Lines)][: len(AMOUNTS)]
_MAGNITUDES = {field for field, amount in zip(_FIELDS, AMOUNTS, strict=True) if amount.name in NON_NEGATIVE}
