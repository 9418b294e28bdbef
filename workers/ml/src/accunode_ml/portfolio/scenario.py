"""A stress scenario: shocks of ratios, and which companies it is about."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from accunode_scoring import SENTINEL, Scorer
from accunode_scoring.states import state_rule

Vector = NDArray[np.float64]
_LARGEST = np.nextafter(SENTINEL, 0.0)


@dataclass(frozen=True, slots=True)
class Shock:
    """`add` adds to a ratio, in its own unit; `multiply` multiplies it."""

    operation: Literal["add", "multiply"]
    value: float

    def apply(self, column: str, values: Vector) -> Vector:
        """The shocked values of shape (n,); missing ones stay missing.

        A ratio whose negative values say that its denominator is negative (debt to EBITDA, debt to capital) is no
        scale below zero: such values stay as they are, and a shock takes no other value below zero.
        """
        shocked = values + self.value if self.operation == "add" else values * self.value
        if any(state.name in _NEGATIVE_DENOMINATORS for state in state_rule(column).states):
            shocked = np.where(np.signbit(values), values, np.maximum(shocked, 0.0))
        clipped: Vector = np.clip(shocked, -_LARGEST, _LARGEST)
        return clipped


_NEGATIVE_DENOMINATORS = frozenset({"negative_ebitda", "negative_capital"})


@dataclass(frozen=True, slots=True)
class Scenario:
    """Shocks by ratio, and filters on each company's newest prediction; an empty filter leaves everything in."""

    shocks: Mapping[str, Shock]
    filters: Mapping[str, Any]

    @classmethod
    def of(cls, parameters: Mapping[str, Any]) -> "Scenario":
        """Read from a job's parameters."""
        shocks = {
            name: Shock(shock["operation"], float(shock["value"])) for name, shock in parameters["shocks"].items()
        }
        return cls(shocks, parameters.get("filters", {}))

    def includes(self, row: Mapping[str, Any]) -> bool:
        """Whether a company with that sector, grade and risk level is part of it."""
        return all(
            not self.filters.get(wanted) or row[name] in self.filters[wanted]
            for wanted, name in (("sectors", "sector"), ("grades", "grade"), ("risk_levels", "risk_level"))
        )

    def apply(self, matrix: NDArray[np.float64], scorer: Scorer) -> NDArray[np.float64]:
        """The matrix of shape (n, len(scorer.columns)) under the scenario."""
        shocked = matrix.copy()
        for position, column in enumerate(scorer.columns):
            if column in self.shocks:
                shocked[:, position] = self.shocks[column].apply(column, matrix[:, position])
        return shocked
