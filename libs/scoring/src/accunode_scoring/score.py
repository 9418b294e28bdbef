"""What a score carries."""

from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from accunode_scoring.kinds import RISK_LEVELS, Kind, RiskLevel

PROBABILITIES = ("pd", "pd_2y", "pd_3y", "pd_scorecard", "pd_lightgbm", "pd_low", "pd_high")
"""The probabilities of a score, in the order in which they are written everywhere."""

TOP_REASONS = 4
"""How many reasons are named by their codes, at most."""

NO_REASON = 255
"""Stands in a matrix of reasons where a row has no more."""

Direction = Literal["raises", "lowers"]
Vector = NDArray[np.float64]


def term_structure(pd: float, pd_2y: float, pd_3y: float) -> tuple[float, float, float, float, float]:
    """Probabilities of default within 1 to 5 years, from those within 1, 2 and 3.

    Those of 4 and 5 years are extrapolated: who has not defaulted by then does so in each of these years with the
    probability of the third.
    """
    third = (pd_3y - pd_2y) / (1.0 - pd_2y) if pd_2y < 1.0 else 0.0
    four = pd_3y + (1.0 - pd_3y) * third
    return pd, pd_2y, pd_3y, four, four + (1.0 - four) * third


class Contribution(NamedTuple):
    """What one column adds to the ensemble's log-odds, against the average of the reference population."""

    column: str
    log_odds: float


@dataclass(frozen=True, slots=True)
class Reason:
    """Why the probability is what it is: one column, its value, and what it does.

    `percentile` is the share (0-100) of the reference population with a lower value, None where the value is missing.
    """

    code: str
    column: str
    value: float | None
    direction: Direction
    percentile: float | None
    contribution: float
    text: str


@dataclass(frozen=True, slots=True)
class Flag:
    """A remark on one input: `missing`, `out_of_range`, `degenerate`, or what `plausibility` found odd."""

    code: str
    column: str
    message: str

    def __str__(self) -> str:
        return f"{self.code}:{self.column}"


@dataclass(frozen=True, slots=True)
class Score:
    """Probabilities of default (fractions in [0, 1]) of one company with all that explains them.

    `pd`, `pd_2y`, `pd_3y` are the ensemble's within 1, 2 and 3 years and never decrease; `pd_scorecard` and
    `pd_lightgbm` are the two families' within 1 year. `pd_low` to `pd_high` is the 95 % confidence interval of `pd`
    against the choice of training companies, from `pd_low` on with typical values in place of missing ones.
    `completeness` is the share of the inputs that are given or follow from others. `base` plus the contributions is
    the log-odds of `pd`. A central tendency added `log_odds_shift` to the log-odds of every family and horizon, and to
    `base`.
    """

    kind: Kind
    model_version: str
    pd: float
    pd_2y: float
    pd_3y: float
    pd_scorecard: float
    pd_lightgbm: float
    pd_low: float
    pd_high: float
    grade: str
    risk_level: RiskLevel
    base: float
    contributions: tuple[Contribution, ...]
    reasons: tuple[Reason, ...]
    flags: tuple[Flag, ...]
    log_odds_shift: float = 0.0
    completeness: float = 1.0

    @property
    def term_structure(self) -> tuple[float, float, float, float, float]:
        """Probabilities of default within 1 to 5 years; see `term_structure`."""
        return term_structure(self.pd, self.pd_2y, self.pd_3y)


@dataclass(frozen=True)
class ScoreMatrix:
    """The scores of n rows as arrays of shape (n,); see `Score` for their meaning.

    `grade` indexes `grades`, `risk_level` indexes `risk_levels`, bit i of `flags` stands for `flag_vocabulary[i]`
    and bit i of `oddities` for `oddity_vocabulary[i]`: what a model flags, and what is flagged whatever the model.
    With `explain`, `reason_codes` of shape (n, 4) indexes `codes` (`NO_REASON` beyond a row's
    last) and `contributions` of shape (n, len(columns)) holds
    log-odds; both are None otherwise.
    """

    columns: tuple[str, ...]
    pd: Vector
    pd_2y: Vector
    pd_3y: Vector
    pd_scorecard: Vector
    pd_lightgbm: Vector
    pd_low: Vector
    pd_high: Vector
    grade: NDArray[np.int8]
    grades: tuple[str, ...]
    risk_level: NDArray[np.int8]
    flags: NDArray[np.uint64]
    flag_vocabulary: tuple[str, ...]
    oddities: NDArray[np.uint32]
    oddity_vocabulary: tuple[str, ...]
    base: Vector
    codes: tuple[str, ...]
    reason_codes: NDArray[np.uint8] | None = None
    contributions: Vector | None = None
    log_odds_shift: float = 0.0

    @property
    def risk_levels(self) -> tuple[RiskLevel, ...]:
        """What `risk_level` indexes."""
        return RISK_LEVELS

    def __len__(self) -> int:
        return len(self.pd)

    def flags_of(self, row: int) -> tuple[str, ...]:
        """Flags of one row as `code:column`."""
        said = ((int(self.flags[row]), self.flag_vocabulary), (int(self.oddities[row]), self.oddity_vocabulary))
        return tuple(name for bits, names in said for place, name in enumerate(names) if bits >> place & 1)

    def reasons_of(self, row: int) -> tuple[str, ...]:
        """Reason codes of one row, the strongest first; empty without `explain`."""
        if self.reason_codes is None:
            return ()
        return tuple(self.codes[code] for code in self.reason_codes[row] if code != NO_REASON)
