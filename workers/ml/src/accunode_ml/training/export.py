"""Writes model versions and their manifest."""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from accunode_ml.training.booster import feature_matrix
from accunode_ml.training.card import render, variants
from accunode_ml.training.completing import learn, silence
from accunode_ml.training.curves import curves
from accunode_ml.training.data import HORIZONS
from accunode_ml.training.evaluation import VALIDATION_FROM, Predicted, evaluate
from accunode_ml.training.golden import golden
from accunode_ml.training.ladders import ladders
from accunode_ml.training.pipeline import Trained
from accunode_ml.training.provenance import Provenance
from accunode_ml.training.reference import describe, marginal
from accunode_scoring.library import CARD, MANIFEST, METRICS
from accunode_scoring.model_file import read_model
from accunode_scoring.scorer import Scorer
from accunode_scoring.statement_scorer import build_scorer

Vector = NDArray[np.float64]


def dumps(document: Any) -> str:
    """JSON that is the same for the same content."""
    return json.dumps(document, indent=1, sort_keys=True, ensure_ascii=False, allow_nan=False) + "\n"


def model_files(trained: Trained) -> dict[str, str]:
    """Texts of one model by file name: the document and LightGBM's own file per horizon."""
    recipe = trained.recipe
    feature_set = recipe.feature_set
    inputs = trained.accounts.matrix(feature_set.columns)
    features = feature_matrix(recipe, inputs)
    names = [feature.name for feature in feature_set.features]
    explained = features if feature_set.explains_features else inputs
    one_year = trained.calibration[1]
    log_odds = one_year.ensemble.log_odds(*trained.families[1].log_odds(trained.accounts))
    document: dict[str, Any] = {
        "format": 1,
        "kind": recipe.kind,
        "version": recipe.version,
        "feature_set": feature_set.name,
        "lightgbm": {f"{h}y": f"{recipe.folder}lightgbm_{h}y.txt" for h in HORIZONS},
        "scorecard": {f"{h}y": trained.families[h].scorecard.document() for h in HORIZONS},
        "ensemble": {
            f"{h}y": {"intercept": p.intercept, "scorecard": p.weights[0], "lightgbm": p.weights[1]}
            for h, p in ((h, c.ensemble) for h, c in trained.calibration.items())
        },
        "calibration": {
            name: {"intercept": p.intercept, "slope": p.weights[0]}
            for name, p in (("scorecard", one_year.scorecard), ("lightgbm", one_year.lightgbm))
        },
        "interval": {"log_odds": trained.interval[0], "half_width": trained.interval[1]},
        "marginals": {name: marginal(features[:, place]) for place, name in enumerate(names)},
        "reference": {
            **{ratio.name: describe(explained[:, place]) for place, ratio in enumerate(feature_set.explained)},
            "pd": describe(1.0 / (1.0 + np.exp(-log_odds))),
        },
    }
    files = {f"{recipe.folder}lightgbm_{horizon}y.txt": one.booster for horizon, one in trained.families.items()}
    if recipe.hazards:
        document["hazards"] = True
    if recipe.completed:
        document["completion"] = _completion(trained, document, files)
        document["typical"] = {name: entry["typical"] for name, entry in document["completion"].items()}
    return files | {f"{recipe.folder}model.json": dumps(document)}


def _completion(trained: Trained, document: Mapping[str, Any], files: Mapping[str, str]) -> dict[str, Any]:
    """What is assumed for missing inputs, by the model as it serves complete ones."""
    recipe = trained.recipe
    texts = {**files, f"{recipe.folder}model.json": dumps(document)}
    model = read_model({name: text.encode() for name, text in texts.items()}, recipe.folder)

    def log_odds(columns: Sequence[Vector]) -> Vector:
        return model.engine.block(model.feature_set.of_matrix(columns)).ensemble[0]

    return learn(recipe.feature_set, trained.accounts.matrix(recipe.feature_set.columns), log_odds)


def validation(trained: Trained) -> dict[int, Predicted]:
    """Predictions of the validation years, with gaps filled as in those that are served."""
    found = trained.validation
    if not trained.recipe.completed:
        return found
    texts = model_files(trained.before_validation())
    scorer = build_scorer({name: text.encode() for name, text in texts.items()})
    accounts = trained.accounts.take(trained.accounts.fiscal_year >= VALIDATION_FROM)
    scores = scorer.score_matrix(accounts.matrix(scorer.columns))
    return {
        horizon: replace(one, ensemble=pd[~np.isnan(accounts.outcomes[horizon])])
        for (horizon, one), pd in zip(found.items(), (scores.pd, scores.pd_2y, scores.pd_3y), strict=True)
    }


def write_version(folder: Path, kind: str, version: str, files: Mapping[str, str]) -> dict[str, str]:
    """Write a version's files under folder/kind/version; returns SHA-256 by file name."""
    hashes: dict[str, str] = {}
    for name, text in sorted(files.items()):
        path = folder / kind / version / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode())
        hashes[name] = hashlib.sha256(text.encode()).hexdigest()
    return hashes


def write_manifest(folder: Path, kind: str, version: str, files: dict[str, str]) -> None:
    """Enter a version as its kind's champion; the champion before it becomes retired."""
    path = folder / MANIFEST
    manifest: dict[str, Any] = json.loads(path.read_text()) if path.exists() else {"format": 1, "models": []}
    models = [m for m in manifest["models"] if (m["kind"], m["version"]) != (kind, version)]
    for model in models:
        if model["kind"] == kind and model["status"] == "champion":
            model["status"] = "retired"
    models.append({"kind": kind, "version": version, "status": "champion", "files": files})
    manifest["models"] = sorted(models, key=lambda m: (m["kind"], m["version"]))
    path.write_text(dumps(manifest))


def version_files(trained: Sequence[Trained], provenance: Provenance | None = None) -> dict[str, str]:
    """All files of a version: its model and variants, golden rows, metrics, and the card without its plots."""
    files = {name: text for one in trained for name, text in model_files(one).items()}
    scorer = build_scorer({name: text.encode() for name, text in files.items()})
    metrics = {one.recipe.variant: evaluate(one.recipe, validation(one), one.rolling) for one in trained}
    for one in trained:
        if one.recipe.completed:
            inputs = one.accounts.matrix(scorer.columns)
            metrics[one.recipe.variant]["silence"] = silence(scorer.model.feature_set, _pd_of(scorer), inputs)
            metrics[one.recipe.variant]["ladders"] = ladders(scorer)
    files["golden.json"] = dumps(golden(scorer, trained[0].recipe.seed))
    made = {} if provenance is None else {"provenance": asdict(provenance)}
    files[METRICS] = dumps({variant or "plain": {**document, **made} for variant, document in metrics.items()})
    files[CARD] = render(trained, variants(scorer), metrics, provenance)
    return files


def _pd_of(scorer: Scorer) -> Callable[[Vector], Vector]:
    return lambda inputs: scorer.score_matrix(inputs).pd


def save(trained: Sequence[Trained], folder: Path, provenance: Provenance | None = None) -> dict[str, str]:
    """Write one version and enter it in the manifest; returns SHA-256 by file name."""
    recipe = trained[0].recipe
    hashes = write_version(folder, recipe.kind, recipe.version, version_files(trained, provenance))
    write_manifest(folder, recipe.kind, recipe.version, hashes)
    return hashes


def save_curves(trained: Sequence[Trained], folder: Path) -> None:
    """Write `kind-version.json`: by variant what the plots of the version's card show."""
    recipe = trained[0].recipe
    folder.mkdir(parents=True, exist_ok=True)
    document = {one.recipe.variant or "plain": curves(one.rolling) for one in trained}
    text = json.dumps(document, separators=(",", ":"))
    (folder / f"{recipe.kind}-{recipe.version}.json").write_text(text.replace("],[", "],\n[") + "\n")
