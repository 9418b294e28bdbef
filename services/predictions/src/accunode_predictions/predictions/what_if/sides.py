"""The two kinds of company that are asked about: one known by its ratios, one by its statement."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from accunode_credit.columns import input_matrix
from accunode_scoring import RATIOS, Scorer
from accunode_scoring.accounts.levers import Company, CompanyOfRatios, LeverName
from accunode_scoring.accounts.normalised import ratios_of
from accunode_scoring.accounts.reading import read
from accunode_scoring.accounts.retyping import retyped
from accunode_scoring.accounts.statements import CompanyOfStatement, changed
from accunode_scoring.accounts.wording import WHY_AMOUNT, why_ratio
from accunode_scoring.checks import SENTINEL
from accunode_scoring.plausibility import flags_of_row

Vector = NDArray[np.float64]
Values = Mapping[str, float | None]

LARGEST = SENTINEL * (1.0 - 1e-9)
"""A ratio that follows is cut below what is refused as a placeholder."""


@dataclass(frozen=True, slots=True)
class Retyped:
    """Inputs of shape (columns,) with new values of some, why the others moved, and what contradicts itself."""

    row: Vector
    why: Mapping[str, str]
    remarks: list[str]


class Side(ABC):
    """A company as it was given, under the model that serves."""

    amount_unit = "per_100_of_total_assets"

    def __init__(self, scorer: Scorer, values: Values) -> None:
        self.scorer, self.values = scorer, values
        self.row: Vector = input_matrix([values], scorer.columns)[0]

    def odd(self, row: Vector) -> list[str]:
        """What looks wrong in inputs, in sentences."""
        return [f"{flag.message}." for flag in flags_of_row(self.scorer.kind, row.tolist())]

    @property
    @abstractmethod
    def remarks(self) -> list[str]:
        """What contradicts itself in what was given, and how it was read."""

    @abstractmethod
    def retyped(self, typed: Mapping[str, float]) -> Retyped:
        """With new values of some inputs."""

    @abstractmethod
    def company(self, allowed: Sequence[LeverName] | None) -> Company:
        """With the levers that it may move."""


class RatioSide(Side):
    """A company known by annual or quarterly ratios."""

    def __init__(self, scorer: Scorer, values: Values) -> None:
        super().__init__(scorer, values)
        self._reading = read(scorer.kind, values)

    @property
    def remarks(self) -> list[str]:
        """What contradicts itself in the ratios, and how it was read."""
        return [*self._reading.remarks, *self.odd(self.row)]

    def retyped(self, typed: Mapping[str, float]) -> Retyped:
        """Ratios that were not given stay missing; those that follow are cut to what can be scored."""
        before = self._reading.accounts
        reading = retyped(before, typed)
        columns = self.scorer.columns
        row = ratios_of(self.scorer.kind, reading.accounts)[0]
        remarks = list(reading.remarks)
        for place, column in enumerate(columns):
            if column in typed:
                row[place] = typed[column]
            elif np.isnan(self.row[place]):
                row[place] = np.nan
            elif abs(row[place]) > LARGEST:
                row[place] = np.copysign(LARGEST, row[place])
                remarks.append(
                    f"{RATIOS[self.scorer.kind][place].label} would be a million or above, and is cut there."
                )
        why = {column: why_ratio(column, before, reading.accounts) for column in columns}
        return Retyped(row, why, [*remarks, *self.odd(row)])

    def company(self, allowed: Sequence[LeverName] | None) -> CompanyOfRatios:
        """With the levers that it may move."""
        references = [self.scorer.model.reference[column] for column in self.scorer.columns]
        return CompanyOfRatios(self.scorer.kind, self._reading.accounts, self.row, references, allowed)


class StatementSide(Side):
    """A company known by its statement."""

    amount_unit = "million_usd"

    @property
    def remarks(self) -> list[str]:
        """What looks wrong in the statement."""
        return self.odd(self.row)

    def retyped(self, typed: Mapping[str, float]) -> Retyped:
        """The balance holds; amounts that were not given stay missing."""
        after = changed(self.values, typed)
        row = np.array([typed.get(column, after[column]) for column in self.scorer.columns])
        return Retyped(row, WHY_AMOUNT, self.odd(row))

    def company(self, allowed: Sequence[LeverName] | None) -> CompanyOfStatement:
        """With the levers that it may move."""
        return CompanyOfStatement(self.values, allowed)


def why_moved(company: Company, before: Vector, after: Vector) -> Mapping[str, str]:
    """Why inputs move when levers go from some shares of shape (levers,) to others."""
    if not isinstance(company, CompanyOfRatios):
        return WHY_AMOUNT
    old, new = company.moved(before[None, :]), company.moved(after[None, :])
    return {column: why_ratio(column, old, new) for column in company.columns}
