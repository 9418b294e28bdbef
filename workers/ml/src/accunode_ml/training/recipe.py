"""What is trained for each kind, and how: chosen on time-ordered validation, recorded on the model card."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import combinations
from types import MappingProxyType

from accunode_scoring.features import ANNUAL, QUARTERLY, FeatureSet
from accunode_scoring.kinds import Kind


@dataclass(frozen=True)
class Recipe:
    """Settings of one kind's training.

    `half_life` is the age in years at which a firm-year counts half. `blanks` is the weight of the copies of each row
    with inputs blanked at random, from which the model learns what a missing input means.
    """

    kind: Kind
    version: str
    feature_set: FeatureSet
    rounds: Mapping[int, int]
    half_life: float = 5.0
    learning_rate: float = 0.03
    leaves: int = 8
    leaf_rows: int = 200
    l2: float = 10.0
    feature_fraction: float = 0.7
    max_bin: int = 63
    blanks: float = 0.05
    blank_share: float = 0.25
    scorecard_classes: int = 8
    origins: tuple[int, ...] = tuple(range(2005, 2015))
    level_years: int = 6
    bootstraps: int = 12
    seed: int = 20
    excluded_pairs: frozenset[tuple[str, str]] = field(default_factory=frozenset)

    def pairs(self) -> list[list[int]]:
        """Feature pairs that may meet in a tree."""
        names = [feature.name for feature in self.feature_set.features]
        return [
            [f, g] for f, g in combinations(range(len(names)), 2) if (names[f], names[g]) not in self.excluded_pairs
        ]


RECIPES: Mapping[Kind, Recipe] = MappingProxyType(
    {
        Kind.ANNUAL: Recipe(Kind.ANNUAL, "1.0.0", ANNUAL, {1: 300, 2: 300, 3: 300}),
        Kind.QUARTERLY: Recipe(Kind.QUARTERLY, "1.0.0", QUARTERLY, {1: 300, 2: 300, 3: 300}),
    }
)
