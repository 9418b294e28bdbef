"""The lines of a statement and what follows from them, for floats and for arrays alike."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from accunode_scoring.amounts import AMOUNTS, PRIOR_AMOUNTS
from accunode_scoring.features import divide, divides

TAX_RATE = 0.35
"""The rate at which a positive net income implies the profit before tax."""


@dataclass(frozen=True, slots=True)
class Arithmetic:
    """Division cut to the features' limit, and choice, for floats or for arrays."""

    divide: Callable[[Any, Any], Any]
    choose: Callable[[Any, Any, Any], Any]


FLOATS = Arithmetic(divide, lambda condition, then, otherwise: then if condition else otherwise)
ARRAYS = Arithmetic(divides, np.where)


@dataclass(frozen=True, slots=True)
class Lines:
    """Amounts in million of one year, and of the year before where the name says so.

    Cash is current assets less inventory and receivables; `charges` are EBIT less the profit before tax that net income
    implies. Long-term debt stands for debt. Missing amounts, and total assets or market values of zero, are NaN.
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
    prior_assets: Any
    prior_liabilities: Any
    prior_debt: Any
    prior_current_liabilities: Any
    prior_sales: Any
    prior_income: Any
    prior_retained: Any
    equity: Any
    prior_equity: Any
    ebitda: Any
    ebit: Any
    cash: Any
    charges: Any


def lines(x: Sequence[Any], do: Arithmetic) -> Lines:
    """Lines from amounts in the order of `AMOUNTS` and `PRIOR_AMOUNTS`."""
    amounts = dict(zip(_FIELDS, x, strict=True))
    for name in ("assets", "market", "prior_assets"):
        amounts[name] = do.choose(amounts[name] > 0.0, amounts[name], amounts[name] * np.nan)
    ebitda = amounts["sales"] - amounts["costs"]
    ebit = ebitda - amounts["depreciation"]
    income = amounts["income"]
    amounts |= {
        "equity": amounts["assets"] - amounts["liabilities"],
        "prior_equity": amounts["prior_assets"] - amounts["prior_liabilities"],
        "ebitda": ebitda,
        "ebit": ebit,
        "cash": amounts["current_assets"] - amounts["inventory"] - amounts["receivables"],
        "charges": ebit - do.choose(income > 0.0, income / (1.0 - TAX_RATE), income),
    }
    return Lines(**amounts)


_FIELDS = [field.name for field in fields(Lines)][: len(AMOUNTS) + len(PRIOR_AMOUNTS)]
