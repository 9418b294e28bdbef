"""What is trained for each kind, and how: chosen on time-ordered validation, recorded on the model card."""

from collections.abc import Mapping
from dataclasses import dataclass
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
    feature_fraction: float = 1.0
    max_bin: int = 63
    blanks: float = 0.05
    blank_share: float = 0.25
    scorecard_classes: int = 8
    origins: tuple[int, ...] = tuple(range(2005, 2015))
    level_years: int = 6
    bootstraps: int = 12
    seed: int = 20
    unpaired: frozenset[str] = frozenset()

    def interactions(self) -> list[list[int]]:
        """Groups of features that may meet on a tree's path: every pair, and the unpaired ones alone."""
        names = [feature.name for feature in self.feature_set.features]
        paired = [place for place, name in enumerate(names) if name not in self.unpaired]
        return [[f, g] for f, g in combinations(paired, 2)] + [[names.index(name)] for name in sorted(self.unpaired)]


RECIPES: Mapping[Kind, Recipe] = MappingProxyType(
    {
        Kind.ANNUAL: Recipe(
            Kind.ANNUAL, "1.0.0", ANNUAL, {1: 400, 2: 400, 3: 400}, unpaired=frozenset({"interest_cover"})
        ),
        Kind.QUARTERLY: Recipe(Kind.QUARTERLY, "1.0.0", QUARTERLY, {1: 400, 2: 400, 3: 400}),
    }
)
