"""The kinds of model input and the four risk levels."""

from enum import StrEnum


class Kind(StrEnum):
    """What a score is computed from."""

    ANNUAL = "annual"
    QUARTERLY = "quarterly"
    STATEMENT = "statement"


class RiskLevel(StrEnum):
    """Level of a grade by its 1-year probability of default; `RISK_LEVEL_BOUNDS` says where each begins by default."""

    LOW = "LOW"
    MEDIUM = "MEDIUM"
    HIGH = "HIGH"
    CRITICAL = "CRITICAL"


RISK_LEVELS: tuple[RiskLevel, ...] = (RiskLevel.LOW, RiskLevel.MEDIUM, RiskLevel.HIGH, RiskLevel.CRITICAL)
RISK_LEVEL_BOUNDS: tuple[float, float, float] = (0.006, 0.02, 0.05)
"""LOW below .6 %, MEDIUM below 2 %, HIGH below 5 %, CRITICAL from there: each holds companies, and its default rate is
several times that of the level before, for every kind of model."""


def risk_level(pd: float) -> RiskLevel:
    """Level of a 1-year probability of default, a fraction in [0, 1], by the default bounds."""
    return RISK_LEVELS[sum(pd >= bound for bound in RISK_LEVEL_BOUNDS)]
