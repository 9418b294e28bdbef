"""One model version on disk: `model.json` beside LightGBM's own text file per horizon."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from accunode_scoring.additive import Additive, Edges, bin_of, compile_booster, edges_of, grids_of
from accunode_scoring.completion import Completion
from accunode_scoring.engine import Engine
from accunode_scoring.feature_sets import FEATURE_SETS
from accunode_scoring.features import FeatureSet
from accunode_scoring.kinds import Kind
from accunode_scoring.lightgbm_text import ModelTextError, parse

HORIZONS: tuple[int, int, int] = (1, 2, 3)
FORMAT = 1
Vector = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Reference:
    """The reference (training) population of one column or score.

    `quantiles` are equally spaced from 0 to 1 over given values; `edges` and `shares` are the bins of the population
    stability index, the last share being that of missing values; `low` and `high` bound the usual range.
    """

    quantiles: tuple[float, ...]
    edges: tuple[float, ...]
    shares: tuple[float, ...]
    low: float
    high: float

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> "Reference":
        """Read from a model document."""
        return cls(
            tuple(document["quantiles"]),
            tuple(document["edges"]),
            tuple(document["shares"]),
            document["low"],
            document["high"],
        )

    def shifted(self, shift: float) -> "Reference":
        """The population of a probability with `shift` added to its log-odds."""
        return Reference(
            _moved(self.quantiles, shift),
            _moved(self.edges, shift),
            self.shares,
            *_moved((self.low, self.high), shift),
        )


def logit(pd: Vector) -> Vector:
    """Log-odds of probabilities; those of 0 and 1 are infinite."""
    with np.errstate(divide="ignore"):
        odds: Vector = np.log(pd) - np.log1p(-pd)
    return odds


def _moved(pd: tuple[float, ...], shift: float) -> tuple[float, ...]:
    moved: list[float] = (1.0 / (1.0 + np.exp(-(logit(np.array(pd)) + shift)))).tolist()
    return tuple(moved)


@dataclass(frozen=True)
class ModelFile:
    """A model version, compiled.

    `completion` says how a missing input is read, if not as a state of its own. With `hazards` the 2- and 3-year
    ensembles are of a default in the second and the third year of companies that have not defaulted before.
    `log_odds_shift` is what was added to all its log-odds since its training.
    """

    kind: Kind
    version: str
    feature_set: FeatureSet
    engine: Engine
    calibration: Mapping[str, tuple[float, float]]
    interval: tuple[tuple[float, ...], tuple[float, ...]]
    reference: Mapping[str, Reference]
    completion: Completion | None = None
    hazards: bool = False
    log_odds_shift: float = 0.0

    def shifted(self, shift: float) -> "ModelFile":
        """The model with `shift` added to every log-odds, of each family and horizon, and to the population's."""
        knots, widths = self.interval
        return replace(
            self,
            engine=self.engine.shifted(shift),
            calibration={name: (intercept + shift, slope) for name, (intercept, slope) in self.calibration.items()},
            interval=(tuple(knot + shift for knot in knots), widths),
            reference={**self.reference, "pd": self.reference["pd"].shifted(shift)},
            completion=None if self.completion is None else self.completion.shifted(shift),
            log_odds_shift=self.log_odds_shift + shift,
        )


def read_model(files: Mapping[str, bytes], variant: str = "") -> ModelFile:
    """Compile a model from a version's files: `model.json` in the variant's folder and the LightGBM texts it names."""
    document = json.loads(files[f"{variant}model.json"])
    if document["format"] != FORMAT:
        raise ValueError(f"model format {document['format']} is not {FORMAT}")
    feature_set = FEATURE_SETS[document["feature_set"]]
    names = tuple(feature.name for feature in feature_set.features)
    boosters = [parse(files[document["lightgbm"][f"{h}y"]].decode()) for h in HORIZONS]
    if any(booster.feature_names != names for booster in boosters):
        raise ModelTextError("the LightGBM models were trained on other features")
    scorecards = [document["scorecard"][f"{h}y"] for h in HORIZONS]
    found = edges_of(boosters, len(names))
    for scorecard in scorecards:
        for table in scorecard["tables"]:
            found[names.index(table["feature"])].update(table["edges"])
    edges = tuple(np.array(sorted(values), dtype=np.float64) for values in found)
    weights = [_weights(document["marginals"][name], table) for name, table in zip(names, edges, strict=True)]
    cards = [_scorecard(scorecard, names, edges) for scorecard in scorecards]
    grids = grids_of(boosters, edges)
    first = compile_booster(boosters[0], edges, grids)
    ensembles = [first.copy(), *(compile_booster(booster, edges, grids) for booster in boosters[1:])]
    boosters.clear()
    typical = document.get("typical")
    anchor = None if typical is None else _anchor(feature_set, typical, edges)
    for horizon, ensemble, card in zip(HORIZONS, ensembles, cards, strict=True):
        share = document["ensemble"][f"{horizon}y"]
        ensemble.scale(share["lightgbm"])
        ensemble.add_main(card, share["scorecard"])
        ensemble.constant += share["intercept"]
        if anchor is None:
            ensemble.purify(weights)
        else:
            ensemble.anchor(anchor)
    return ModelFile(
        kind=Kind(document["kind"]),
        version=document["version"],
        feature_set=feature_set,
        engine=Engine(cards[0], first, ensembles),
        calibration={name: (pair["intercept"], pair["slope"]) for name, pair in document["calibration"].items()},
        interval=(tuple(document["interval"]["log_odds"]), tuple(document["interval"]["half_width"])),
        reference={name: Reference.of(entry) for name, entry in document["reference"].items()},
        completion=None if "completion" not in document else Completion.of(document["completion"], feature_set.columns),
        hazards=document.get("hazards", False),
    )


def _anchor(feature_set: FeatureSet, typical: Mapping[str, float], edges: Edges) -> list[int]:
    """The bins of the company that has the typical value of each input."""
    features = feature_set.of_row([typical[name] for name in feature_set.columns])
    return [int(bin_of(np.array([value]), table)[0]) for value, table in zip(features, edges, strict=True)]


def _scorecard(document: Mapping[str, Any], names: tuple[str, ...], edges: Edges) -> Additive:
    """Scorecard tables spread over the shared bins; points are log-odds per class, the last one for missing."""
    main = [np.zeros(len(table) + 2) for table in edges]
    for table in document["tables"]:
        feature = names.index(table["feature"])
        points = np.array(table["points"])
        upper = np.append(edges[feature], np.inf)
        main[feature][:-1] = points[:-1][np.searchsorted(np.array(table["edges"]), upper, side="left")]
        main[feature][-1] = points[-1]
    return Additive(edges, {}, document["intercept"], tuple(main), {})


def _weights(marginal: Mapping[str, Any], edges: Vector) -> Vector:
    """Bin weights from a stored empirical distribution: quantiles of given values, and the missing share."""
    quantiles = np.array(marginal["quantiles"])
    below = np.searchsorted(quantiles, edges, side="right") / len(quantiles)
    shares = np.diff(np.concatenate(([0.0], below, [1.0]))) * (1.0 - marginal["missing"])
    return np.append(shares, marginal["missing"])
