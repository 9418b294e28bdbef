"""Accounts of which no reading makes sense: they are refused rather than scored with a flag.

Fewer than one in 2,000 of the population's filers lie beyond any limit; docs/guides/plausibility.md says how many. What
is stored already is not judged by this, so that it can be scored again.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from accunode_scoring.checks import InputProblem
from accunode_scoring.kinds import Kind
from accunode_scoring.plausibility import read_accounts
from accunode_scoring.statement_lines import ARRAYS

Vector = NDArray[np.float64]

PART_OF_WHOLE = 1.5
CONTRADICTION = 20.0
"""Per cent of margin and of return on assets."""
LARGEST = 1e7
"""In million: no company's assets or sales are 10 trillion dollars."""


@dataclass(frozen=True, slots=True)
class ImplausibilityCheck:
    """A column, why it is refused and what to do, and the condition on the accounts."""

    column: str
    message: str
    holds: Callable[[Any], Any]


IMPLAUSIBLE: Mapping[Kind, tuple[ImplausibilityCheck, ...]] = MappingProxyType(
    {
        Kind.ANNUAL: (
            ImplausibilityCheck(
                "return_on_assets",
                "Net income margin and return on assets are both beyond 20 % with opposite signs, and have one "
                "numerator: check the sign of both.",
                lambda n: (
                    ((n.margin >= CONTRADICTION) & (n.returns <= -CONTRADICTION))
                    | ((n.margin <= -CONTRADICTION) & (n.returns >= CONTRADICTION))
                ),
            ),
        ),
        Kind.QUARTERLY: (),
        Kind.STATEMENT: (
            ImplausibilityCheck(
                "current_assets_musd",
                "Current assets exceed one and a half times total assets, of which they are a part: check both.",
                lambda n: n.current_assets > PART_OF_WHOLE * n.assets,
            ),
            ImplausibilityCheck(
                "net_sales_musd",
                "Net sales are negative: give them as an amount of zero or more.",
                lambda n: n.sales < 0.0,
            ),
            ImplausibilityCheck(
                "total_assets_musd",
                "Total assets or net sales are 10,000,000 million or more, which look like dollars: give millions.",
                lambda n: (n.assets >= LARGEST) | (n.sales >= LARGEST),
            ),
        ),
    }
)


def refusals_of_matrix(kind: Kind, x: Vector) -> tuple[tuple[int, InputProblem], ...]:
    """Why rows of a matrix of shape (n, columns of the kind), NaN where missing, are refused, in their order."""
    found: list[tuple[int, InputProblem]] = []
    with np.errstate(invalid="ignore", over="ignore"):
        accounts = read_accounts(kind, list(x.T), ARRAYS)
        for check in IMPLAUSIBLE[kind]:
            problem = InputProblem(check.column, "implausible", check.message)
            found.extend((int(row), problem) for row in np.flatnonzero(check.holds(accounts)))
    return tuple(sorted(found, key=lambda each: each[0]))
