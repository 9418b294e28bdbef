"""The kinds of model input and the four risk levels."""

from enum import StrEnum

import numpy as np
from numpy.typing import NDArray


class Kind(StrEnum):
    """What a score is computed from."""

    ANNUAL = "annual"
    QUARTERLY = "quarterly"
    STATEMENT = "statement"


class RiskLevel(StrEnum):
    """Level of the 1-year probability of default: below 2 %, 5 %, 15 %, and above."""

    LOW = "LOW"
    MEDIUM = "MEDIUM"
    HIGH = "HIGH"
    CRITICAL = "CRITICAL"


RISK_LEVELS: tuple[RiskLevel, ...] = (RiskLevel.LOW, RiskLevel.MEDIUM, RiskLevel.HIGH, RiskLevel.CRITICAL)
RISK_LEVEL_BOUNDS: tuple[float, float, float] = (0.02, 0.05, 0.15)


def risk_level(pd: float) -> RiskLevel:
    """Risk level of a 1-year probability of default, a fraction in [0, 1]."""
    return RISK_LEVELS[sum(pd >= bound for bound in RISK_LEVEL_BOUNDS)]


def risk_level_index(pd: NDArray[np.float64]) -> NDArray[np.int8]:
    """Index into `RISK_LEVELS` per row of `pd`, shape (n,)."""
    index = np.zeros(len(pd), np.int8)
    for bound in RISK_LEVEL_BOUNDS:
        index += pd >= bound
    return index
