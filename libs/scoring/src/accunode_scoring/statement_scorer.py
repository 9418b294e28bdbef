"""Scores statements with one of two models: with a market value, or without."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import fields

import numpy as np
from numpy.typing import NDArray

from accunode_scoring.kinds import Kind
from accunode_scoring.model_file import ModelFile, Reference, read_model
from accunode_scoring.scale import MasterScale
from accunode_scoring.score import Score, ScoreMatrix
from accunode_scoring.scorer import Scorer

Vector = NDArray[np.float64]

MARKET_FOLDER = "market/"
_MARKET_VALUE = "market_value_musd"


class StatementScorer(Scorer):
    """Two models of one version. Vocabularies are those of the model with a market value, which has every ratio."""

    def __init__(self, plain: ModelFile, market: ModelFile) -> None:
        super().__init__(market)
        self.plain = Scorer(plain)
        self._market_place = self.columns.index(_MARKET_VALUE)
        self._bits = [self.flag_vocabulary.index(name) for name in self.plain.flag_vocabulary]

    def _shifted(self, shift: float) -> Scorer:
        return StatementScorer(self.plain.model.shifted(shift), self.model.shifted(shift))

    @property
    def _population(self) -> Reference:
        """That of the model without a market value: every company of the training, where the other has listed ones."""
        return self.plain.model.reference["pd"]

    def has_market_value(self, x: Vector) -> NDArray[np.bool_]:
        """Which rows of a matrix the model with a market value scores, shape (n,); `plain` scores the others."""
        return np.asarray(x[:, self._market_place] > 0.0)

    def score_row(self, row: Sequence[float], scale: MasterScale | None = None) -> Score:
        """Score a checked row with the model that fits it; a market value that is not above zero counts as missing."""
        if row[self._market_place] > 0.0:
            return super().score_row(row, scale)
        unpriced = [*row[: self._market_place], math.nan, *row[self._market_place + 1 :]]
        return self.plain.score_row(unpriced, scale)

    def score_matrix(self, x: Vector, *, scale: MasterScale | None = None, explain: bool = False) -> ScoreMatrix:
        """Score n statements; rows without a market value have no contributions from the market's ratios."""
        x = np.asarray(x, np.float64)
        if x.ndim != 2 or x.shape[1] != len(self.columns):
            raise ValueError(f"expected a matrix of {len(self.columns)} columns, got shape {x.shape}")
        with_market = self.has_market_value(x)
        market = super().score_matrix(x[with_market], scale=scale, explain=explain)
        if with_market.all():
            return market
        unpriced = x[~with_market]
        unpriced[:, self._market_place] = np.nan
        plain = self._widened(self.plain.score_matrix(unpriced, scale=scale, explain=explain))
        joined: dict[str, object] = {}
        for field in fields(ScoreMatrix):
            ours, theirs = getattr(market, field.name), getattr(plain, field.name)
            if isinstance(ours, np.ndarray):
                values = np.empty((len(x), *ours.shape[1:]), ours.dtype)
                values[with_market], values[~with_market] = ours, theirs
                joined[field.name] = values
            else:
                joined[field.name] = ours
        return ScoreMatrix(**joined)  # type: ignore[arg-type]

    def _widened(self, plain: ScoreMatrix) -> ScoreMatrix:
        flags = np.zeros_like(plain.flags)
        for place, target in enumerate(self._bits):
            flags |= (plain.flags >> np.uint64(place) & np.uint64(1)) << np.uint64(target)
        changed: dict[str, object] = {field.name: getattr(plain, field.name) for field in fields(ScoreMatrix)}
        changed |= {"flags": flags, "columns": self.explained, "codes": self.codes}
        if plain.contributions is not None:
            missing = len(self.explained) - len(self.plain.explained)
            changed["contributions"] = np.pad(plain.contributions, ((0, 0), (0, missing)))
        return ScoreMatrix(**changed)  # type: ignore[arg-type]


def build_scorer(files: Mapping[str, bytes]) -> Scorer:
    """The scorer of a version from its files."""
    model = read_model(files)
    if model.kind is Kind.STATEMENT:
        return StatementScorer(model, read_model(files, MARKET_FOLDER))
    return Scorer(model)
