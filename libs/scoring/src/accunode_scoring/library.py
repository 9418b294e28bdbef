"""The model versions on disk, verified against their manifest and compiled when first asked for."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Any

from accunode_scoring.kinds import Kind
from accunode_scoring.scorer import Scorer
from accunode_scoring.statement_scorer import build_scorer

SHIPPED_MODELS = Path(__file__).parent / "models"
MANIFEST = "manifest.json"
CARD = "card.md"
METRICS = "metrics.json"


class ModelFilesError(RuntimeError):
    """Model files are missing or differ from the manifest."""


class UnknownModelError(LookupError):
    """No such kind or version in the library."""


@dataclass(frozen=True, slots=True)
class ModelEntry:
    """One version: its status (`champion`, `challenger`, `candidate` or `retired`), files by name with SHA-256."""

    kind: Kind
    version: str
    status: str
    files: Mapping[str, str]

    @property
    def sha256(self) -> str:
        """One hash for the version: SHA-256 over its sorted file names and hashes."""
        lines = "".join(f"{digest}  {name}\n" for name, digest in sorted(self.files.items()))
        return hashlib.sha256(lines.encode()).hexdigest()


class ModelLibrary:
    """Access to scorers by kind and version. Thread safe; each version is read and compiled once."""

    def __init__(self, folder: Path, entries: tuple[ModelEntry, ...]) -> None:
        self._folder = folder
        self._entries = {(entry.kind, entry.version): entry for entry in entries}
        self._scorers: dict[tuple[Kind, str], Scorer] = {}
        self._lock = Lock()

    @classmethod
    def load(cls, path: Path | None = None) -> "ModelLibrary":
        """Open a folder of models (the shipped ones by default) and verify every file's SHA-256.

        Raises ModelFilesError when the manifest or a file is missing, or a file differs from the manifest.
        """
        folder = path or SHIPPED_MODELS
        try:
            manifest = json.loads((folder / MANIFEST).read_bytes())
        except (OSError, ValueError) as error:
            raise ModelFilesError(f"no readable {MANIFEST} in {folder}") from error
        entries = tuple(
            ModelEntry(Kind(e["kind"]), e["version"], e["status"], dict(e["files"])) for e in manifest["models"]
        )
        library = cls(folder, entries)
        for entry in entries:
            library._read(entry)
        return library

    def entries(self) -> tuple[ModelEntry, ...]:
        """Every version in the manifest."""
        return tuple(self._entries.values())

    def champion(self, kind: Kind) -> Scorer:
        """The version in use for a kind. Raises UnknownModelError if there is none."""
        for entry in self._entries.values():
            if entry.kind == kind and entry.status == "champion":
                return self.scorer(kind, entry.version)
        raise UnknownModelError(f"no champion for {kind}")

    def scorer(self, kind: Kind, version: str) -> Scorer:
        """One version's scorer. Raises UnknownModelError if it isn't in the manifest."""
        entry = self._entry(kind, version)
        key = (entry.kind, version)
        with self._lock:
            if key not in self._scorers:
                self._scorers[key] = build_scorer(self._read(entry))
            return self._scorers[key]

    def card(self, kind: Kind, version: str) -> str | None:
        """A version's model card in Markdown; None if it has none.

        Raises UnknownModelError if it isn't in the manifest.
        """
        return self._text(kind, version, CARD)

    def metrics(self, kind: Kind, version: str) -> dict[str, Any]:
        """A version's metrics by variant (`plain`, `market`), as its card reports them; empty if it has none.

        Raises UnknownModelError if it isn't in the manifest.
        """
        text = self._text(kind, version, METRICS)
        metrics: dict[str, Any] = json.loads(text) if text else {}
        return metrics

    def _text(self, kind: Kind, version: str, name: str) -> str | None:
        entry = self._entry(kind, version)
        return self._file(entry, name).decode() if name in entry.files else None

    def _entry(self, kind: Kind, version: str) -> ModelEntry:
        try:
            return self._entries[Kind(kind), version]
        except KeyError:
            raise UnknownModelError(f"no version {version} of {kind}") from None

    def _read(self, entry: ModelEntry) -> dict[str, bytes]:
        return {name: self._file(entry, name) for name in entry.files}

    def _file(self, entry: ModelEntry, name: str) -> bytes:
        path = self._folder / entry.kind / entry.version / name
        try:
            content = path.read_bytes()
        except OSError as error:
            raise ModelFilesError(f"model file {path} can't be read") from error
        if hashlib.sha256(content).hexdigest() != entry.files[name]:
            raise ModelFilesError(f"model file {path} differs from its SHA-256 in the manifest")
        return content
