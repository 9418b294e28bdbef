"""What is trained for each kind, and how: chosen on time-ordered validation, recorded on the model card."""

from dataclasses import dataclass
from itertools import combinations

from accunode_scoring.feature_sets import FEATURE_SETS
from accunode_scoring.features import FeatureSet
from accunode_scoring.kinds import Kind


@dataclass(frozen=True)
class Recipe:
    """Settings of one model's training.

    `half_life` is the age in years at which a firm-year counts half. `blanks` is the weight of a copy of each row in
    which every input but required ones and `kept` is blanked with probability `blank_share`: from these the model
    learns what a missing input means. `unsigned` is the weight of a copy in which zeros have lost their sign, as people
    type them. With `most_pairs`, a first, shorter training picks that many pairs.
    With `hazards` later horizons are trained on defaults in their last year; with `completed` a missing input is read
    as one that few companies alike are worse than, learned from the reference population.
    `level_years` is the number of latest years whose default rate sets the level of the probabilities.
    """

    kind: Kind
    version: str
    variant: str
    features: str
    rounds: int = 200
    half_life: float = 5.0
    learning_rate: float = 0.06
    leaves: int = 8
    leaf_rows: int = 200
    l2: float = 10.0
    feature_fraction: float = 1.0
    max_bin: int = 63
    unpaired: frozenset[str] = frozenset()
    most_pairs: int | None = None
    picking_rounds: int = 100
    blanks: float = 1.0
    blank_share: float = 0.5
    unsigned: float = 1.0
    kept: frozenset[str] = frozenset()
    scorecard_classes: int = 8
    origins: tuple[int, ...] = tuple(range(2007, 2015))
    level_years: int = 3
    bootstraps: int = 12
    seed: int = 20
    hazards: bool = False
    completed: bool = False

    @property
    def feature_set(self) -> FeatureSet:
        """The features by their name."""
        return FEATURE_SETS[self.features]

    @property
    def never_blank(self) -> frozenset[str]:
        """Inputs that every row has."""
        return self.kept | set(self.feature_set.required)

    @property
    def name(self) -> str:
        """Kind and variant, for people."""
        return f"{self.kind} {self.variant}".strip()

    @property
    def folder(self) -> str:
        """Prefix of the variant's files within its version."""
        return f"{self.variant}/" if self.variant else ""

    def interactions(self) -> list[list[int]]:
        """Groups of features that may meet on a tree's path: every pair, and the unpaired ones alone."""
        names = [feature.name for feature in self.feature_set.features]
        paired = [place for place, name in enumerate(names) if name not in self.unpaired]
        return [[f, g] for f, g in combinations(paired, 2)] + [[names.index(name)] for name in sorted(self.unpaired)]


_STATEMENT = {
    "rounds": 300,
    "learning_rate": 0.08,
    "feature_fraction": 0.3,
    "max_bin": 31,
    "most_pairs": 100,
    "blanks": 0.05,
    "blank_share": 0.25,
    "bootstraps": 8,
}

_MONOTONE = {
    "leaves": 16,
    "leaf_rows": 400,
    "l2": 100.0,
    "half_life": 6.5,
    "blanks": 0.3,
    "hazards": True,
    "completed": True,
}

RECIPES: tuple[Recipe, ...] = (
    Recipe(Kind.ANNUAL, "2.0.0", "", "annual-2", **_MONOTONE),  # type: ignore[arg-type]
    Recipe(
        Kind.QUARTERLY,
        "2.0.0",
        "",
        "quarterly-2",
        # A return on capital is read beside its capital.
        kept=frozenset({"long_term_debt_to_total_capital"}),
        **_MONOTONE,  # type: ignore[arg-type]
    ),
    Recipe(Kind.STATEMENT, "1.0.0", "", "statement-1", **_STATEMENT),  # type: ignore[arg-type]
    Recipe(
        Kind.STATEMENT,
        "1.0.0",
        "market",
        "statement-market-1",
        kept=frozenset({"market_value_musd"}),
        **_STATEMENT,  # type: ignore[arg-type]
    ),
)
