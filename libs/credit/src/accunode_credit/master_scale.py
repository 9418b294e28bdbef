"""A tenant's master scale: how it is stored, what is wrong with one, and the default."""

from collections.abc import Mapping, Sequence
from typing import Any

from accunode_scoring import DEFAULT_SCALE, Grade, MasterScale, RiskLevel, ScaleError

__all__ = ["RiskLevel", "ScaleError", "parse"]


def parse(grades: Sequence[Mapping[str, Any]] | None) -> MasterScale:
    """The scale of these grades, from best to worst; the default without any.

    A grade without a risk level, as all were stored before grades had one, has that of its mid-point.

    Raises:
        ScaleError: They are no scale.
    """
    if not grades:
        return DEFAULT_SCALE
    return MasterScale(tuple(map(_grade, grades)))


def _grade(stored: Mapping[str, Any]) -> Grade:
    level = stored.get("risk_level")
    return Grade.of(
        str(stored["name"]),
        float(stored["upper"]),
        float(stored["midpoint"]),
        None if level is None else RiskLevel(level),
    )
