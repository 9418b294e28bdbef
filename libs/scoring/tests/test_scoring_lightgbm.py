"""The tables are LightGBM's own model, to the last digits."""

import json
from pathlib import Path

import numpy as np
import pytest
from scoring_inputs import inputs, library

from accunode_scoring import Kind, ModelEntry
from accunode_scoring.additive import bin_of, compile_booster, edges_of, grids_of
from accunode_scoring.library import SHIPPED_MODELS
from accunode_scoring.lightgbm_text import ModelTextError, parse
from accunode_scoring.statement_scorer import StatementScorer

lightgbm = pytest.importorskip("lightgbm")


def models(entry: ModelEntry) -> list[tuple[str, object]]:
    scorer = library().scorer(entry.kind, entry.version)
    if isinstance(scorer, StatementScorer):
        return [("", scorer.plain), ("market/", scorer)]
    return [("", scorer)]


CASES = [(entry, *model) for entry in library().entries() for model in models(entry)]
IDS = [f"{entry.kind}-{entry.version}{prefix.strip('/')}" for entry, prefix, _ in CASES]


def folder(entry: ModelEntry) -> Path:
    return SHIPPED_MODELS / entry.kind / entry.version


@pytest.mark.parametrize(("entry", "prefix", "scorer"), CASES, ids=IDS)
def test_tables_equal_lightgbms_own_text_file(entry, prefix, scorer) -> None:
    x = inputs(entry.kind, 3000)
    features = scorer.model.feature_set.of_matrix(list(np.ascontiguousarray(x.T)))
    for horizon in (1, 2, 3):
        path = folder(entry) / f"{prefix}lightgbm_{horizon}y.txt"
        parsed = parse(path.read_text())
        edges = tuple(np.array(sorted(found)) for found in edges_of([parsed], len(features)))
        tables = compile_booster(parsed, edges, grids_of([parsed], edges))
        ours = tables.log_odds([bin_of(values, e) for values, e in zip(features, edges, strict=True)])
        theirs = lightgbm.Booster(model_file=path).predict(np.column_stack(features), raw_score=True)
        assert np.abs(ours - theirs).max() < 1e-12


@pytest.mark.parametrize(("entry", "prefix", "scorer"), CASES, ids=IDS)
def test_served_probabilities_equal_scorecard_and_lightgbm_put_together_from_the_files(entry, prefix, scorer) -> None:
    x = inputs(entry.kind, 2000)
    if entry.kind is Kind.STATEMENT:
        x[:, scorer.columns.index("market_value_musd")] = 100.0 if prefix else np.nan
    feature_set, completion = scorer.model.feature_set, scorer.model.completion
    columns = feature_set.settled(list(np.ascontiguousarray(x.T)))
    if completion is not None:
        columns, _, _ = completion.matrix(columns, scorer._log_odds_of)
    features = feature_set.of_matrix(columns)
    names = [feature.name for feature in scorer.model.feature_set.features]
    document = json.loads((folder(entry) / f"{prefix}model.json").read_text())
    served = scorer.score_matrix(x)
    within = np.zeros(len(x))
    for horizon, ours in ((1, served.pd), (2, served.pd_2y), (3, served.pd_3y)):
        card = document["scorecard"][f"{horizon}y"]
        points = np.full(len(x), card["intercept"])
        for table in card["tables"]:
            points += np.array(table["points"])[
                bin_of(features[names.index(table["feature"])], np.array(table["edges"]))
            ]
        booster = lightgbm.Booster(model_file=folder(entry) / document["lightgbm"][f"{horizon}y"])
        raw = booster.predict(np.column_stack(features), raw_score=True)
        weights = document["ensemble"][f"{horizon}y"]
        log_odds = weights["intercept"] + weights["scorecard"] * points + weights["lightgbm"] * raw
        pd = 1 / (1 + np.exp(-log_odds))
        within = within + (1 - within) * pd if document.get("hazards") else np.maximum(within, pd)
        assert np.abs(ours - within).max() < 1e-12


def test_a_tree_over_three_features_is_refused() -> None:
    random = np.random.default_rng(0)
    x = random.normal(size=(2000, 3))
    label = (x.sum(axis=1) > 0).astype(float)
    booster = lightgbm.train({"objective": "binary", "verbose": -1, "num_leaves": 31}, lightgbm.Dataset(x, label), 3)
    with pytest.raises(ModelTextError, match="more than two features"):
        parse(booster.model_to_string())


def test_a_text_that_is_no_binary_model_is_refused() -> None:
    with pytest.raises(ModelTextError, match="binary"):
        parse("tree\nversion=v4\nobjective=regression\nfeature_names=a b\n")
