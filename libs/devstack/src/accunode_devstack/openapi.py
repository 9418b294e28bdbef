"""Merges the services' OpenAPI documents into the one of the whole API."""

from collections.abc import Sequence
from copy import deepcopy
from typing import Any

DESCRIPTION = "Predicts corporate default: probabilities, grades and reasons for companies one at a time or in bulk."


def merge_documents(documents: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """One document with the paths and components of all.

    Raises ValueError when two services answer the same path or mean different things by the same component, as a
    client made from the merged document would then be wrong about one of them.
    """
    merged: dict[str, Any] = {
        "openapi": documents[0]["openapi"],
        "info": {"title": "AccuNode", "version": documents[0]["info"]["version"], "description": DESCRIPTION},
        "paths": {},
        "components": {},
        "tags": [],
    }
    for document in map(deepcopy, documents):
        _add(merged["paths"], document["paths"], "path")
        for kind, components in document.get("components", {}).items():
            _add(merged["components"].setdefault(kind, {}), components, kind)
        merged["tags"] += [tag for tag in document.get("tags", []) if tag not in merged["tags"]]
    return merged


def _add(merged: dict[str, Any], entries: dict[str, Any], kind: str) -> None:
    for name, entry in entries.items():
        if merged.setdefault(name, entry) != entry:
            raise ValueError(f"Two services describe the {kind} {name} differently.")
