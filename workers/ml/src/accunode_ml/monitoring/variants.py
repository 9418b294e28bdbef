"""Which model of a version scores a row, so that the row is held against that model's population."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from accunode_scoring import Scorer
from accunode_scoring.model_file import Reference
from accunode_scoring.statement_scorer import StatementScorer

PLAIN, MARKET = "plain", "market"

Vector = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Variant:
    """One model of a version: `plain`, or the `market` one that scores statements with a market value."""

    name: str
    scorer: Scorer

    @property
    def reference(self) -> Mapping[str, Reference]:
        """The population that it was trained on, by column."""
        return self.scorer.model.reference

    def columns(self, inputs: Vector) -> dict[str, Vector]:
        """What its reasons speak of, by name, of a matrix of shape (n, len(scorer.columns))."""
        features = self.scorer.model.feature_set
        given = list(np.ascontiguousarray(inputs.T))
        explained = features.of_matrix(given) if features.explains_features else given
        return dict(zip(self.scorer.explained, explained, strict=True))


def split(scorer: Scorer, inputs: Vector) -> list[tuple[Variant, NDArray[np.bool_]]]:
    """Each model of the version with a mask of the rows that it scores."""
    if not isinstance(scorer, StatementScorer):
        return [(Variant(PLAIN, scorer), np.ones(len(inputs), dtype=np.bool_))]
    with_market = scorer.has_market_value(inputs)
    return [(Variant(PLAIN, scorer.plain), ~with_market), (Variant(MARKET, scorer), with_market)]
