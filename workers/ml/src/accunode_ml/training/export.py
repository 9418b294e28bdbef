"""Writes model versions and their manifest."""

import hashlib
import json
from pathlib import Path
from typing import Any

MANIFEST = "manifest.json"


def dumps(document: Any) -> str:
    """JSON that is the same for the same content."""
    return json.dumps(document, indent=1, sort_keys=True, ensure_ascii=False, allow_nan=False) + "\n"


def write_version(folder: Path, kind: str, version: str, files: dict[str, str]) -> dict[str, str]:
    """Write a version's files under folder/kind/version; returns SHA-256 by file name."""
    target = folder / kind / version
    target.mkdir(parents=True, exist_ok=True)
    hashes: dict[str, str] = {}
    for name, text in sorted(files.items()):
        data = text.encode()
        (target / name).write_bytes(data)
        hashes[name] = hashlib.sha256(data).hexdigest()
    return hashes


def write_manifest(folder: Path, kind: str, version: str, files: dict[str, str]) -> None:
    """Enter a version as its kind's champion; the champion before it becomes retired."""
    path = folder / MANIFEST
    manifest = json.loads(path.read_text()) if path.exists() else {"format": 1, "models": []}
    models = [m for m in manifest["models"] if (m["kind"], m["version"]) != (kind, version)]
    for model in models:
        if model["kind"] == kind and model["status"] == "champion":
            model["status"] = "retired"
    models.append(
        {
            "kind": kind,
            "version": version,
            "status": "champion",
            "card": f"docs/model-cards/{kind}-{version}.md",
            "files": files,
        }
    )
    manifest["models"] = sorted(models, key=lambda m: (m["kind"], m["version"]))
    path.write_text(dumps(manifest))
