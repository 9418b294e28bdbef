"""Model files with a second annual version that takes every company to be riskier."""

import json
import shutil
from hashlib import sha256
from pathlib import Path

from accunode_scoring.library import MANIFEST, SHIPPED_MODELS

RISKIER = "0.0.1-riskier"


def with_a_riskier_version(folder: Path, champion: str) -> Path:
    """A copy of the shipped models in `folder` with the version beside the annual champion."""
    models = folder / "models"
    shutil.copytree(SHIPPED_MODELS, models)
    version = models / "annual" / RISKIER
    shutil.copytree(models / "annual" / champion, version)
    document = json.loads((version / "model.json").read_bytes())
    document["version"] = RISKIER
    for horizon in document["ensemble"].values():
        horizon["intercept"] += 1.0
    (version / "model.json").write_text(json.dumps(document))
    manifest = json.loads((models / MANIFEST).read_bytes())
    champion_files = next(
        entry["files"] for entry in manifest["models"] if (entry["kind"], entry["version"]) == ("annual", champion)
    )
    files = {name: sha256((version / name).read_bytes()).hexdigest() for name in champion_files}
    entry = {"kind": "annual", "version": RISKIER, "status": "candidate", "files": files}
    (models / MANIFEST).write_text(json.dumps({**manifest, "models": [*manifest["models"], entry]}))
    return models
