"""The least set of inputs that a score is given for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from accunode_scoring.kinds import Kind
from accunode_scoring.ratios import RATIOS


@dataclass(frozen=True, slots=True)
class Least:
    """So many inputs, and one of each group.

    Attributes:
        inputs: How many inputs are given.
        groups: What a group tells of a company, and its inputs.
    """

    inputs: int = 1
    groups: tuple[tuple[str, tuple[str, ...]], ...] = ()

    def lacking(self, x: NDArray[np.float64], columns: Sequence[str]) -> NDArray[np.bool_]:
        """Which rows of a matrix of shape (n, len(columns)) have less, shape (n,)."""
        given = ~np.isnan(x)
        lacks = given.sum(axis=1) < self.inputs
        for _, names in self.groups:
            lacks |= ~given[:, [columns.index(name) for name in names]].any(axis=1)
        return np.asarray(lacks)

    def advice(self, kind: Kind, given: Sequence[str]) -> str | None:
        """What to add to the inputs that are given, in a sentence; None if they are enough."""
        without = [(what, names) for what, names in self.groups if not set(names) & set(given)]
        if len(given) >= self.inputs and not without:
            return None
        labels = {ratio.name: ratio.label for ratio in RATIOS[kind] if ratio.name not in given}
        needed = [
            labels[names[0]] if len(names) == 1 else f"one of {what} ({', '.join(labels[name] for name in names)})"
            for what, names in without
        ]
        more = self.inputs - len(given) - len(without)
        if more > 0:
            needed.append(f"{more} more" if needed else f"{more} more of {', '.join(labels.values())}")
        return (
            f"{len(given)} of {len(RATIOS[kind])} ratios say too little; a score needs {self.inputs}: add "
            f"{' and '.join(needed)}."
        )


ANYTHING = Least()
"""One input of any kind."""

_LEVERAGE = ("leverage", ("long_term_debt_to_total_capital", "total_debt_to_ebitda"))

LEAST: Mapping[Kind, Least] = MappingProxyType(
    {
        Kind.ANNUAL: Least(
            3, (_LEVERAGE, ("earnings", ("net_income_margin", "ebit_to_interest_expense", "return_on_assets")))
        ),
        Kind.QUARTERLY: Least(3, (("cost", ("sga_margin",)), _LEVERAGE)),
        Kind.STATEMENT: ANYTHING,
    }
)
"""Of each kind, for models from version 2.0.0 on and for uploads."""
